// Which interface has which index right now: values only, fed by link messages.
#pragma once

#include <boost/container/flat_map.hpp>
#include <optional>

#include "common/resources/routes/route.h"

namespace ondol::routes {

struct LinkFacts {
  int index = 0;
  InterfaceName name;
  bool up = false;       // IFF_UP
  bool running = false;  // IFF_RUNNING: operational, carrier included
  bool operator==(const LinkFacts&) const = default;
};

// The index is the kernel's key and the name is ours; a rename is a put with the same index.
class LinkTable {
 public:
  void put(const LinkFacts& link);
  void erase(int index);
  void clear();

  const LinkFacts* find(int index) const;  // null when there is none
  std::optional<int> index_of(const InterfaceName& name) const;
  std::size_t size() const { return by_index_.size(); }
  auto begin() const { return by_index_.begin(); }
  auto end() const { return by_index_.end(); }

 private:
  boost::container::flat_map<int, LinkFacts> by_index_;
  boost::container::flat_map<InterfaceName, int> by_name_;
};

}  // namespace ondol::routes
