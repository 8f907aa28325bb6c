// The compared routes as last known, kept current by one event at a time so that an event costs a lookup.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "agent/core/stored_state.h"
#include "common/session/messages.h"

namespace ondol::agent {

// One difference between what was known and what is there.
struct TableChange {
  routes::RouteKey key;
  session::ChangeKind kind = session::ChangeKind::kAdded;
  std::optional<routes::RouteValue> before, after;
  std::uint8_t protocol = 0;  // after the change; before it, when removed
};

struct Holder {
  routes::ObservedRoute route;
  bool assumed = false;  // written by us and acknowledged, not read back yet
};
struct Merged {
  std::vector<TableChange> changes;  // in key order
  bool refreshed = false;            // something is known better or differs now
  bool counts_changed = false;       // routes that are never compared, or policy rules
};
using Holders = boost::container::small_vector<Holder, 1>;

// Thread: one. Ownership is only as fresh as the last mark_ownership of the key.
class RouteTable {
 public:
  // Replaces everything; what was known before is not compared.
  void load(const routes::RouteSnapshot& snapshot);
  // Replaces everything and tells each difference, in key order. An assumed route that was read back as wanted is none.
  Merged merge(const routes::RouteSnapshot& snapshot);
  // One kernel message. Empty = it told nothing new. `unsure` is set when only a new read can tell what is there.
  std::optional<TableChange> apply(session::ChangeKind kind, const routes::ObservedRoute& route, bool& unsure);

  // Our own acknowledged writes.
  void put(const routes::Route& route, std::uint8_t protocol);  // in place of the first holder, as the kernel does it
  void add(const routes::Route& route, std::uint8_t protocol);  // beside what holds the key
  void remove(const routes::Route& route, std::uint8_t protocol);  // the one that fits

  void mark_ownership(const routes::RouteKey& key, const Ledger& ledger);
  void mark_ownership(const Ledger& ledger);

  std::vector<routes::ObservedRoute> holders(const routes::RouteKey& key) const;
  const std::map<routes::RouteKey, Holders>& by_key() const { return by_key_; }
  routes::RouteSnapshot snapshot() const;                  // whole
  // Ours and holders of wanted keys first, other foreign ones up to the limit.
  routes::RouteSnapshot reported(std::size_t limit, const std::function<bool(const routes::RouteKey&)>& is_wanted) const;
  std::size_t size() const { return size_; }

 private:
  std::optional<TableChange> replace_one(const routes::ObservedRoute& route, Holders& held, bool& unsure);
  std::optional<TableChange> remove_one(const routes::ObservedRoute& route, Holders& held, bool& unsure);
  std::optional<TableChange> remove_nexthops(const routes::ObservedRoute& route, Holders& held);
  void drop_if_empty(const routes::RouteKey& key);

  std::map<routes::RouteKey, Holders> by_key_;
  routes::RouteSnapshot rest_;  // counts and rules of the last read; its routes stay empty
  std::size_t size_ = 0;
};

}  // namespace ondol::agent
