// Floors: rtnetlink with nothing around it. What no agent can be faster than.
#pragma once

#include <cstdint>
#include <vector>

namespace ondol::bench {

// The least that a reader must keep of a route.
struct RawRoute {
  std::uint32_t table = 0;
  std::uint32_t metric = 0;
  std::uint32_t gateway = 0;
  int interface = 0;
  std::uint8_t destination[16] = {};
  std::uint8_t length = 0;
  std::uint8_t protocol = 0;
  std::uint8_t type = 0;
};

class RawNetlink {
 public:
  explicit RawNetlink(bool listening);  // to route events, unfiltered
  ~RawNetlink();
  RawNetlink(const RawNetlink&) = delete;
  RawNetlink& operator=(const RawNetlink&) = delete;

  std::vector<RawRoute> dump_and_parse();  // both families, every table
  // IPv4 /32 routes from 10.100.0.0 on by gateway 10.0.0.2: one batch per 64 KiB, its last message
  // acknowledged.
  void add_routes(int count);
  std::size_t count_events();  // route messages waiting now

 private:
  int fd_;
  std::vector<char> buffer_;
};

}  // namespace ondol::bench
