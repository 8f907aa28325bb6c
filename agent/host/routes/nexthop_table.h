// Nexthop objects by id, for routes whose dump names only the id (`nexthop_compat_mode=0`). Values only.
#pragma once

#include <boost/container/flat_map.hpp>
#include <cstdint>
#include <utility>
#include <vector>

#include "common/resources/routes/route.h"

namespace ondol::routes {

struct NexthopObject {
  std::uint32_t id = 0;
  Nexthops nexthops;                                           // of a plain object: one; of a blackhole: none
  std::vector<std::pair<std::uint32_t, std::uint16_t>> group;  // of a group: member id and weight
};

class NexthopTable {
 public:
  void put(NexthopObject object) { objects_[object.id] = std::move(object); }
  void clear() { objects_.clear(); }

  // Appends what `id` stands for; false when it or a member is not known. Groups do not nest in the kernel.
  bool expand(std::uint32_t id, Nexthops& out) const;

 private:
  boost::container::flat_map<std::uint32_t, NexthopObject> objects_;
};

}  // namespace ondol::routes
