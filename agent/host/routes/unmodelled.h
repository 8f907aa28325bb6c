// Attributes of a route that RouteValue has no place for, as text: equal sets give equal text. Pure.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "agent/host/routes/decode_rtnetlink.h"

namespace ondol::routes {

void append_hex(std::string& out, Bytes data);

class Unmodelled {
 public:
  void take(const Attribute& attribute);  // of the route or of one nexthop; what is modelled is passed over
  void take_metric(const Attribute& metric);
  std::string text();  // at most 256 hexadecimal digits; what is longer is cut

 private:
  void add(std::initializer_list<std::uint8_t> name, Bytes data);

  std::vector<std::string> pieces_;
};

}  // namespace ondol::routes
