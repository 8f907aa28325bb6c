#include "agent/host/routes/nexthop_table.h"

namespace ondol::routes {

bool NexthopTable::expand(std::uint32_t id, Nexthops& out) const {
  const auto found = objects_.find(id);
  if (found == objects_.end()) return false;
  out.insert(out.end(), found->second.nexthops.begin(), found->second.nexthops.end());
  for (const auto& [member, weight] : found->second.group) {
    const auto plain = objects_.find(member);
    if (plain == objects_.end()) return false;
    for (Nexthop nexthop : plain->second.nexthops) {
      nexthop.weight = weight;
      out.push_back(std::move(nexthop));
    }
  }
  return true;
}

}  // namespace ondol::routes
