#include "agent/host/probes/run_probe.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "agent/host/probes/dns_message.h"
#include "agent/host/probes/kernel_query.h"

namespace ondol::probes {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint16_t kDnsPort = 53;
constexpr std::uint8_t kServerFailure = 2;
constexpr std::uint16_t kDiscardPort = 9;
constexpr std::chrono::milliseconds kNeighbourInterval{20};  // between two looks at the neighbour entry

struct Finding {
  bool green = false;
  std::string text;
};
Finding red(std::string text) { return {false, std::move(text)}; }
Finding red_errno(int error_number) { return red(std::strerror(error_number)); }

class Socket {
 public:
  Socket(Family family, int type)
      : fd_(::socket(family == Family::kIpv4 ? AF_INET : AF_INET6, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {}
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }
  int fd() const { return fd_; }

  // 0, or the errno. `link` is for addresses that mean nothing without one.
  int connect(const IpAddress& address, std::uint16_t port, int link = 0) const {
    if (fd_ < 0) return errno;
    if (address.family == Family::kIpv4) {
      sockaddr_in to{};
      to.sin_family = AF_INET;
      to.sin_port = htons(port);
      std::memcpy(&to.sin_addr, address.bytes.data(), 4);
      return ::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0 ? 0 : errno;
    }
    sockaddr_in6 to{};
    to.sin6_family = AF_INET6;
    to.sin6_port = htons(port);
    to.sin6_scope_id = is_link_local(address) ? static_cast<std::uint32_t>(link) : 0;
    std::memcpy(&to.sin6_addr, address.bytes.data(), 16);
    return ::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0 ? 0 : errno;
  }

  static bool is_link_local(const IpAddress& address) {
    return address.family == Family::kIpv6 && address.bytes[0] == 0xfe && (address.bytes[1] & 0xc0) == 0x80;
  }

 private:
  int fd_;
};

bool wait_for(int fd, short events, Clock::time_point deadline) {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd waiting{.fd = fd, .events = events, .revents = 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(std::clamp<long long>(left, 0, 3'600'000)));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

Finding probe_tcp(const trial::ProbeTarget& target, Clock::time_point deadline) {
  const Socket socket(target.address.family, SOCK_STREAM);
  int error = socket.connect(target.address, target.port);
  if (error == 0) return {true, "connected"};
  if (error != EINPROGRESS) return red_errno(error);
  if (!wait_for(socket.fd(), POLLOUT, deadline)) return red("no answer to the connection");
  socklen_t size = sizeof error;
  if (::getsockopt(socket.fd(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) return red_errno(errno);
  return error == 0 ? Finding{true, "connected"} : red_errno(error);
}

// What is no answer to this query may be anybody's: it is waited on.
Finding read_dns_answer(const Socket& socket, const std::string& query, Clock::time_point deadline) {
  std::array<char, kMaxDnsMessage> buffer{};
  std::string last = "no answer";
  while (wait_for(socket.fd(), POLLIN, deadline)) {
    const ssize_t size = ::recv(socket.fd(), buffer.data(), buffer.size(), 0);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (size < 0) return red_errno(errno);
    const auto answer = decode_dns_answer(query, {buffer.data(), static_cast<std::size_t>(size)});
    // Of a server that cannot ask its own servers nobody gets a name.
    if (answer) return {answer->code != kServerFailure, "answered " + render(*answer)};
    last = "no answer but what was not understood: " + answer.error().message;
  }
  return red(last);
}

Finding probe_dns(const trial::ProbeTarget& target, Clock::time_point deadline) {
  std::uint16_t id = 0;
  if (::getrandom(&id, sizeof id, 0) != sizeof id) return red_errno(errno);
  const auto query = encode_dns_query(id);
  if (!query) return red(query.error().message);
  const Socket socket(target.address.family, SOCK_DGRAM);
  const int error = socket.connect(target.address, target.port == 0 ? kDnsPort : target.port);
  if (error != 0) return red_errno(error);
  if (::send(socket.fd(), query->data(), query->size(), MSG_NOSIGNAL) < 0) return red_errno(errno);
  return read_dns_answer(socket, *query, deadline);
}

// A link-local address is reached by the link of the route that names it as its gateway.
Result<NextHop> find_next_hop(const IpAddress& address) {
  if (Socket::is_link_local(address)) {
    const auto routes = read_routes(address.family);
    if (!routes) return fail(routes.error());
    for (const bool is_default : {true, false}) {
      for (const RouteHops& route : *routes) {
        const auto hop = std::ranges::find(route.hops, address, &NextHop::gateway);
        if (route.is_default == is_default && hop != route.hops.end()) return *hop;
      }
    }
    return fail(Errc::kNotFound, "no route names it as its gateway");
  }
  const auto route = read_route_to(address);
  if (!route) return fail(route.error());
  if (route->is_local || route->hops.empty()) return NextHop{0, address};
  const NextHop& hop = route->hops.front();
  return NextHop{hop.link, hop.gateway.is_unspecified() ? address : hop.gateway};
}

Finding tell(bool green, const NextHop& hop, std::string_view state) {
  return {green, fmt::format("neighbour {} is {}", render(hop.gateway), state)};
}

void wait_a_little(Clock::time_point deadline) {
  const auto next = std::min(Clock::now() + kNeighbourInterval, deadline);
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - Clock::now()).count();
  (void)::poll(nullptr, 0, static_cast<int>(std::max<long long>(left, 0)));
}

// An entry that was resolved before says nothing of now: it is asked anew, and counts when that is answered.
Finding watch_neighbour(const NextHop& hop, Clock::time_point deadline) {
  std::string last = "unknown";
  bool is_asked = false;
  while (true) {
    const auto neighbour = read_neighbour(hop.link, hop.gateway);
    if (!neighbour) return red(neighbour.error().message);
    if (*neighbour) {
      const Neighbour& entry = **neighbour;
      last = state_text(entry.state);
      if (is_fixed(entry) || (is_asked && is_reachable(entry))) return tell(true, hop, last);
      if (is_asked && !is_resolved(entry)) return tell(false, hop, last);
      if (!is_asked && is_resolved(entry)) {
        if (const auto sent = send_solicitation(entry); !sent) return red("the neighbour cannot be asked: " + sent.error().message);
        is_asked = true;
      }
    }
    if (Clock::now() >= deadline) return tell(false, hop, last);
    wait_a_little(deadline);
  }
}

Finding probe_gateway(const trial::ProbeTarget& target, Clock::time_point deadline) {
  const auto hop = find_next_hop(target.address);
  if (!hop) return red(hop.error().message);
  if (hop->link == 0) return {true, "it is this host"};
  const Socket socket(hop->gateway.family, SOCK_DGRAM);
  if (const int error = socket.connect(hop->gateway, kDiscardPort, hop->link); error != 0) return red_errno(error);
  // Makes the kernel look for it; whether the datagram is of any use to it does not matter.
  (void)::send(socket.fd(), "", 0, MSG_NOSIGNAL);
  return watch_neighbour(*hop, deadline);
}

Finding find_out(const trial::ProbeTarget& target, Clock::time_point deadline) {
  const bool is_local = target.kind == trial::ProbeKind::kGateway || target.kind == trial::ProbeKind::kDns;
  if (is_local && target.address.is_unspecified()) return red("which there are could not be read");
  switch (target.kind) {
    case trial::ProbeKind::kGateway: return probe_gateway(target, deadline);
    case trial::ProbeKind::kDns: return probe_dns(target, deadline);
    case trial::ProbeKind::kTcp: return probe_tcp(target, deadline);
    case trial::ProbeKind::kCollector: return red("the session makes this one");
    case trial::ProbeKind::kInbound: return red("the collector makes this one");
  }
  return red("unknown kind");
}

}  // namespace

trial::ProbeResult run_probe(const trial::ProbeTarget& target, Nanoseconds limit) {
  constexpr std::size_t kMaxText = 256;  // bytes
  const auto start = Clock::now();
  Finding finding = find_out(target, start + limit);
  if (finding.text.size() > kMaxText) finding.text.resize(kMaxText);
  return {target, finding.green, std::move(finding.text), Clock::now() - start};
}

}  // namespace ondol::probes
