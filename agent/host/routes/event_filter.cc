#include "agent/host/routes/event_filter.h"

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <cstddef>

#include "common/resources/routes/route.h"

namespace ondol::routes {
namespace {

constexpr std::uint32_t kPass = 0xffffffff;  // bytes kept
constexpr std::uint32_t kDrop = 0;

constexpr std::uint32_t offset_in_header(std::size_t field) { return static_cast<std::uint32_t>(field); }
constexpr std::uint32_t offset_in_route(std::size_t field) {
  return static_cast<std::uint32_t>(NLMSG_HDRLEN + field);
}

sock_filter load(std::uint16_t size, std::uint32_t offset) {
  return {static_cast<std::uint16_t>(BPF_LD | BPF_ABS | size), 0, 0, offset};
}
sock_filter jump_if_equal(std::uint32_t value, std::uint8_t when_true, std::uint8_t when_false) {
  return {BPF_JMP | BPF_JEQ | BPF_K, when_true, when_false, value};
}
sock_filter verdict(std::uint32_t kept) { return {BPF_RET | BPF_K, 0, 0, kept}; }

}  // namespace

// BPF loads are in network order and netlink headers in host order: the constants are turned instead.
std::vector<sock_filter> encode_event_filter(std::uint32_t own_port) {
  std::vector<sock_filter> program{
      load(BPF_H, offset_in_header(offsetof(nlmsghdr, nlmsg_type))),
      jump_if_equal(htons(RTM_NEWROUTE), 2, 0),
      jump_if_equal(htons(RTM_DELROUTE), 1, 0),
      verdict(kPass),
      load(BPF_W, offset_in_header(offsetof(nlmsghdr, nlmsg_pid))),
      jump_if_equal(htonl(own_port), 0, 1),
      verdict(kDrop),
      load(BPF_B, offset_in_route(offsetof(rtmsg, rtm_protocol))),
  };
  for (unsigned protocol = 0; protocol < 256; ++protocol) {
    if (is_compared(static_cast<std::uint8_t>(protocol))) continue;
    program.push_back(jump_if_equal(protocol, 0, 1));
    program.push_back(verdict(kDrop));
  }
  program.push_back(verdict(kPass));
  return program;
}

}  // namespace ondol::routes
