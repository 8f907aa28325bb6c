// Who holds the keys that are about to be replaced, routes that are never compared included: the kernel
// replaces the first route of a key whatever its protocol. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/host/routes/decode_rtnetlink.h"
#include "common/resources/routes/plan_routes.h"

namespace ondol::routes {

class KeyHolders {
 public:
  // Remembers the holders of the keys of these operations, and of no other.
  KeyHolders(const std::vector<RouteOp>& operations, const LinkTable& links, const NexthopTable& nexthops);

  bool asks_about(Family family) const;
  void take(const Message& message);  // RTM_NEWROUTE of a dump; all others are left alone
  void forget(Family family);         // a torn dump is read again

  // Why a replace would hit another route than the one it means; empty when it would not, or when the key is
  // free and the kernel refuses by itself.
  std::optional<std::string> objection(const RouteOp& operation) const;
  // Why a delete would hit another route than the one it means. To the kernel an IPv4 metric of 0 and a protocol of 0
  // mean any, and a delete of several nexthops names none: with the route gone, another would go in its place.
  std::optional<std::string> objection_to_removal(const RouteOp& operation) const;
  std::optional<std::uint8_t> protocol_of_holder(const RouteKey& key) const;  // of the first one; empty = the key is free

 private:
  struct Holder {
    std::uint8_t protocol = 0;
    std::optional<ObservedRoute> compared;  // empty: it is never compared, or cannot be read
  };

  const LinkTable& links_;
  const NexthopTable& nexthops_;
  ComparedTables tables_;
  std::map<RouteKey, std::vector<Holder>> holders_;
};

}  // namespace ondol::routes
