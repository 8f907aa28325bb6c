#include "agent/host/routes/link_table.h"

namespace ondol::routes {

void LinkTable::put(const LinkFacts& link) {
  erase(link.index);
  // A name moves when two interfaces swap theirs: the newest message is right, the other one's rename
  // follows.
  by_name_[link.name] = link.index;
  by_index_[link.index] = link;
}

void LinkTable::erase(int index) {
  const auto old = by_index_.find(index);
  if (old == by_index_.end()) return;
  const auto name = by_name_.find(old->second.name);
  if (name != by_name_.end() && name->second == index) by_name_.erase(name);
  by_index_.erase(old);
}

void LinkTable::clear() {
  by_index_.clear();
  by_name_.clear();
}

const LinkFacts* LinkTable::find(int index) const {
  const auto found = by_index_.find(index);
  return found == by_index_.end() ? nullptr : &found->second;
}

std::optional<int> LinkTable::index_of(const InterfaceName& name) const {
  const auto found = by_name_.find(name);
  if (found == by_name_.end()) return std::nullopt;
  return found->second;
}

}  // namespace ondol::routes
