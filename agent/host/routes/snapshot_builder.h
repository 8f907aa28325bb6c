// Dump messages in, one sorted snapshot out. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "agent/host/routes/decode_rtnetlink.h"

namespace ondol::routes {

inline constexpr std::size_t kMaxForeignRoutes =
    40'000;  // compared foreign routes kept; ours are always kept

// Of the compared messages of one dump as the kernel wrote them, in its order. Equal marks of two dumps mean equal routes.
struct DumpMark {
  std::uint64_t ipv4_digest = 0, ipv6_digest = 0;
  std::uint32_t ipv4_count = 0;
  bool operator==(const DumpMark&) const = default;
};

// Limits: kMaxForeignRoutes kept, all are counted. Never-compared routes cost a look at their fixed header
// only.
class SnapshotBuilder {
 public:
  SnapshotBuilder(const ComparedTables& tables, const LinkTable& links, const NexthopTable& nexthops);

  void reserve(std::size_t routes) { routes_.reserve(routes); }
  void keep_holders_of(std::span<const RouteKey> sorted) { kept_keys_ = sorted; }  // of foreign routes beyond the limit
  void take(const Message& message);  // RTM_NEWROUTE of a dump; all others are left alone

  // A message that could not be decoded: its interface or nexthop object was unknown, or it was no route at
  // all.
  bool has_unknown_index() const { return has_unknown_index_; }
  std::uint32_t malformed() const { return malformed_; }
  const DumpMark& mark() const { return mark_; }

  RouteSnapshot finish();  // once

 private:
  void take_compared(const Message& message);
  bool is_kept_key(const Message& message) const;
  void sort();

  const ComparedTables& tables_;
  const LinkTable& links_;
  const NexthopTable& nexthops_;
  std::vector<ObservedRoute> routes_;
  std::vector<std::uint32_t> order_;  // indices into routes_, sorted by key while it is cheap
  std::size_t out_of_order_ = 0;
  std::array<std::uint32_t, 256> counted_{};
  std::uint32_t compared_ = 0;
  std::size_t foreign_kept_ = 0;
  std::span<const RouteKey> kept_keys_;
  std::uint32_t malformed_ = 0;
  bool has_unknown_index_ = false;
  DumpMark mark_;
};

}  // namespace ondol::routes
