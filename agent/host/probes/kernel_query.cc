#include "agent/host/probes/kernel_query.h"

#include <libmnl/libmnl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

namespace ondol::probes {
namespace {

struct Closer {
  void operator()(mnl_socket* socket) const { mnl_socket_close(socket); }
};

std::uint8_t kernel_family(Family family) { return family == Family::kIpv4 ? AF_INET : AF_INET6; }

tl::unexpected<Error> failed(int error_number) {
  if (error_number == EINTR) return fail(Errc::kInterrupted, "the routes changed while they were read");
  const bool is_gone = error_number == ENETUNREACH || error_number == EHOSTUNREACH || error_number == EINVAL ||
                       error_number == EACCES || error_number == ENOENT;
  return fail(is_gone ? Errc::kNotFound : Errc::kIo, std::strerror(error_number));
}

using Visit = std::function<void(Bytes)>;

int take(const nlmsghdr* message, void* visit) {
  (*static_cast<const Visit*>(visit))({reinterpret_cast<const std::uint8_t*>(message), message->nlmsg_len});
  return MNL_CB_OK;
}

// A dump, or one question that asks for an acknowledgement.
Result<void> ask(const nlmsghdr* request, const Visit& visit) {
  const std::unique_ptr<mnl_socket, Closer> socket(mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC));
  if (!socket || mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) != 0) return failed(errno);
  const timeval limit{.tv_sec = 1, .tv_usec = 0};
  ::setsockopt(mnl_socket_get_fd(socket.get()), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  if (mnl_socket_sendto(socket.get(), request, request->nlmsg_len) < 0) return failed(errno);
  std::vector<char> buffer(64 * 1024);
  while (true) {
    const ssize_t size = mnl_socket_recvfrom(socket.get(), buffer.data(), buffer.size());
    if (size < 0) return failed(errno);
    const int state = mnl_cb_run(buffer.data(), static_cast<std::size_t>(size), request->nlmsg_seq,
                                 mnl_socket_get_portid(socket.get()), take, const_cast<Visit*>(&visit));
    if (state < 0) return failed(errno);
    if (state == MNL_CB_STOP) return {};
  }
}

template <typename Fixed>
nlmsghdr* start(std::array<char, 256>& buffer, std::uint16_t type, unsigned flags, Fixed*& fixed) {
  nlmsghdr* header = mnl_nlmsg_put_header(buffer.data());
  header->nlmsg_type = type;
  header->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
  header->nlmsg_seq = 1;
  fixed = static_cast<Fixed*>(mnl_nlmsg_put_extra_header(header, sizeof(Fixed)));
  return header;
}

}  // namespace

Result<RouteHops> read_route_to(const IpAddress& address, const std::optional<IpAddress>& source) {
  alignas(nlmsghdr) std::array<char, 256> buffer{};
  rtmsg* fixed = nullptr;
  nlmsghdr* request = start(buffer, RTM_GETROUTE, NLM_F_ACK, fixed);
  fixed->rtm_family = kernel_family(address.family);
  fixed->rtm_dst_len = static_cast<unsigned char>(address_bits(address.family));
  fixed->rtm_src_len = source ? fixed->rtm_dst_len : 0;
  mnl_attr_put(request, RTA_DST, address.octets().size(), address.bytes.data());
  if (source) mnl_attr_put(request, RTA_SRC, source->octets().size(), source->bytes.data());
  std::optional<RouteHops> found;
  ONDOL_TRY(ask(request, [&found](Bytes message) {
    if (auto hops = decode_hops(message)) found = std::move(*hops);
  }));
  if (!found) return fail(Errc::kIo, "the kernel said nothing about the route");
  return std::move(*found);
}

Result<std::vector<RouteHops>> read_routes(Family family) {
  constexpr int kMaxTries = 5;
  alignas(nlmsghdr) std::array<char, 256> buffer{};
  rtmsg* fixed = nullptr;
  nlmsghdr* request = start(buffer, RTM_GETROUTE, NLM_F_DUMP, fixed);
  fixed->rtm_family = kernel_family(family);
  Result<void> asked;
  for (int i = 0; i < kMaxTries; ++i) {
    std::vector<RouteHops> routes;
    asked = ask(request, [&routes](Bytes message) {
      if (auto hops = decode_hops(message)) routes.push_back(std::move(*hops));
    });
    if (asked) return routes;
    if (asked.error().code != Errc::kInterrupted) break;
  }
  return fail(asked.error());
}

Result<std::optional<Neighbour>> read_neighbour(int link, const IpAddress& address) {
  alignas(nlmsghdr) std::array<char, 256> buffer{};
  ndmsg* fixed = nullptr;
  nlmsghdr* request = start(buffer, RTM_GETNEIGH, NLM_F_ACK, fixed);
  fixed->ndm_family = kernel_family(address.family);
  fixed->ndm_ifindex = link;
  mnl_attr_put(request, NDA_DST, address.octets().size(), address.bytes.data());
  std::optional<Neighbour> found;
  const auto asked = ask(request, [&found](Bytes message) {
    if (const auto neighbour = decode_neighbour(message)) found = neighbour;
  });
  if (!asked && asked.error().code != Errc::kNotFound) return fail(asked.error());
  return found;
}

Result<void> send_solicitation(const Neighbour& neighbour) {
  alignas(nlmsghdr) std::array<char, 256> buffer{};
  ndmsg* fixed = nullptr;
  nlmsghdr* request = start(buffer, RTM_NEWNEIGH, NLM_F_ACK, fixed);  // of an entry that is there, nothing else changes
  fixed->ndm_family = kernel_family(neighbour.address.family);
  fixed->ndm_ifindex = neighbour.link;
  fixed->ndm_state = NUD_PROBE;
  fixed->ndm_flags = neighbour.flags;
  mnl_attr_put(request, NDA_DST, neighbour.address.octets().size(), neighbour.address.bytes.data());
  return ask(request, [](Bytes) {});
}

}  // namespace ondol::probes
