// Measures, inside one host's network namespace, how soon a route deleted by this process is back, and who beats whom:
//   probe_road echo   COUNT                 floor: another process re-adds whatever is deleted, nothing else
//   probe_road repair COUNT                 the running agent puts it back
//   probe_road watch  COUNT -- COMMAND...   deletion -> a line naming the route on COMMAND's output
// Routes used: the protocol-79 routes of table main (repair, watch), or its own on loopback (echo). One JSON line.
#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::uint8_t kProtocol = 79;
constexpr int kLimitMs = 5'000;

struct V4Route {
  std::uint32_t destination = 0;  // network order
  std::uint8_t length = 0;
  std::uint32_t gateway = 0;
  int interface = 0;
};

[[noreturn]] void die(const std::string& what) {
  fmt::print(stderr, "probe_road: {}: {}\n", what, std::strerror(errno));
  std::exit(1);
}

class Socket {
 public:
  explicit Socket(unsigned groups) : nl_(mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC)) {
    if (nl_ == nullptr || mnl_socket_bind(nl_, groups, MNL_SOCKET_AUTOPID) < 0) die("netlink socket");
    const int size = 8 << 20;
    setsockopt(fd(), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
  }
  ~Socket() { mnl_socket_close(nl_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  int fd() const { return mnl_socket_get_fd(nl_); }
  unsigned port() const { return mnl_socket_get_portid(nl_); }
  void send(const nlmsghdr* message) {
    if (mnl_socket_sendto(nl_, message, message->nlmsg_len) < 0) die("send");
  }
  ssize_t receive(char* buffer, std::size_t size) { return mnl_socket_recvfrom(nl_, buffer, size); }

 private:
  mnl_socket* nl_;
};

nlmsghdr* build(char* buffer, std::uint16_t type, std::uint16_t flags, const V4Route& route) {
  nlmsghdr* header = mnl_nlmsg_put_header(buffer);
  header->nlmsg_type = type;
  header->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
  auto* rtm = static_cast<rtmsg*>(mnl_nlmsg_put_extra_header(header, sizeof(rtmsg)));
  rtm->rtm_family = AF_INET;
  rtm->rtm_dst_len = route.length;
  rtm->rtm_table = RT_TABLE_MAIN;
  rtm->rtm_protocol = kProtocol;
  rtm->rtm_scope = route.gateway != 0 ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
  rtm->rtm_type = RTN_UNICAST;
  mnl_attr_put_u32(header, RTA_DST, route.destination);
  if (route.gateway != 0) mnl_attr_put_u32(header, RTA_GATEWAY, route.gateway);
  if (route.interface != 0) mnl_attr_put_u32(header, RTA_OIF, static_cast<std::uint32_t>(route.interface));
  return header;
}

bool read_route(const nlmsghdr* header, V4Route& route) {
  const auto* rtm = static_cast<const rtmsg*>(mnl_nlmsg_get_payload(header));
  if (rtm->rtm_family != AF_INET || rtm->rtm_protocol != kProtocol || rtm->rtm_table != RT_TABLE_MAIN) return false;
  route = {};
  route.length = rtm->rtm_dst_len;
  const char* end = static_cast<const char*>(mnl_nlmsg_get_payload_tail(header));
  const auto* attribute = static_cast<const nlattr*>(mnl_nlmsg_get_payload_offset(header, sizeof(rtmsg)));
  for (; mnl_attr_ok(attribute, static_cast<int>(end - reinterpret_cast<const char*>(attribute)));
       attribute = mnl_attr_next(attribute)) {
    const auto type = mnl_attr_get_type(attribute);
    if (type == RTA_DST) route.destination = mnl_attr_get_u32(attribute);
    if (type == RTA_GATEWAY) route.gateway = mnl_attr_get_u32(attribute);
    if (type == RTA_OIF) route.interface = static_cast<int>(mnl_attr_get_u32(attribute));
  }
  return true;
}

std::vector<V4Route> ours() {
  Socket socket(0);
  char buffer[65536];
  nlmsghdr* header = mnl_nlmsg_put_header(buffer);
  header->nlmsg_type = RTM_GETROUTE;
  header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  static_cast<rtmsg*>(mnl_nlmsg_put_extra_header(header, sizeof(rtmsg)))->rtm_family = AF_INET;
  socket.send(header);
  std::vector<V4Route> routes;
  for (;;) {
    int left = static_cast<int>(socket.receive(buffer, sizeof(buffer)));
    if (left < 0) die("dump");
    for (header = reinterpret_cast<nlmsghdr*>(buffer); mnl_nlmsg_ok(header, left); header = mnl_nlmsg_next(header, &left)) {
      if (header->nlmsg_type == NLMSG_DONE) return routes;
      V4Route route;
      if (read_route(header, route)) routes.push_back(route);
    }
  }
}

// Waits for RTM_NEWROUTE of this destination; false after the limit.
bool wait_added(Socket& events, const V4Route& wanted) {
  char buffer[65536];
  for (;;) {
    pollfd ready{events.fd(), POLLIN, 0};
    if (poll(&ready, 1, kLimitMs) <= 0) return false;
    int left = static_cast<int>(events.receive(buffer, sizeof(buffer)));
    if (left < 0) continue;
    auto* header = reinterpret_cast<nlmsghdr*>(buffer);
    for (; mnl_nlmsg_ok(header, left); header = mnl_nlmsg_next(header, &left)) {
      V4Route route;
      if (header->nlmsg_type == RTM_NEWROUTE && read_route(header, route) && route.destination == wanted.destination) return true;
    }
  }
}

// The floor's other side: re-adds whatever is deleted, until killed.
[[noreturn]] void echo_back() {
  Socket events(RTMGRP_IPV4_ROUTE);
  Socket requests(0);
  char in[65536], out[512];
  for (;;) {
    int left = static_cast<int>(events.receive(in, sizeof(in)));
    auto* header = reinterpret_cast<nlmsghdr*>(in);
    for (; mnl_nlmsg_ok(header, left); header = mnl_nlmsg_next(header, &left)) {
      V4Route route;
      if (header->nlmsg_type != RTM_DELROUTE || !read_route(header, route)) continue;
      std::memset(out, 0, sizeof(out));
      requests.send(build(out, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, route));
    }
  }
}

std::vector<double> delete_and_wait(const std::vector<V4Route>& routes, std::size_t count, std::size_t& lost) {
  Socket events(RTMGRP_IPV4_ROUTE);
  Socket requests(0);
  std::vector<double> microseconds;
  char buffer[512];
  for (std::size_t i = 0; i < count; ++i) {
    const V4Route& route = routes[i % routes.size()];
    std::memset(buffer, 0, sizeof(buffer));
    const nlmsghdr* message = build(buffer, RTM_DELROUTE, 0, route);
    const auto start = Clock::now();
    requests.send(message);
    if (!wait_added(events, route)) ++lost;
    else microseconds.push_back(std::chrono::duration<double, std::micro>(Clock::now() - start).count());
  }
  return microseconds;
}

void print(const char* mode, std::vector<double> samples, std::size_t lost) {
  std::sort(samples.begin(), samples.end());
  const auto at = [&samples](double share) {
    return samples.empty() ? -1.0 : samples[std::min(samples.size() - 1, static_cast<std::size_t>(share * static_cast<double>(samples.size())))];
  };
  fmt::print("{{\"mode\":\"{}\",\"samples\":{},\"lost\":{},\"p50_us\":{:.1f},\"p90_us\":{:.1f},\"p99_us\":{:.1f},\"max_us\":{:.1f}}}\n",
             mode, samples.size(), lost, at(0.5), at(0.9), at(0.99), at(1.0));
}

int run_echo(std::size_t count) {
  std::vector<V4Route> routes;
  Socket requests(0);
  char buffer[512];
  for (std::uint32_t i = 0; i < 100; ++i) {
    routes.push_back({htonl(0x64500000u + i * 256), 24, 0, static_cast<int>(if_nametoindex("lo"))});
    std::memset(buffer, 0, sizeof(buffer));
    requests.send(build(buffer, RTM_NEWROUTE, NLM_F_CREATE, routes.back()));
  }
  const pid_t child = fork();
  if (child == 0) echo_back();
  usleep(100'000);  // the child has to subscribe; not part of any sample
  std::size_t lost = 0;
  auto samples = delete_and_wait(routes, count, lost);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  for (const V4Route& route : routes) {
    std::memset(buffer, 0, sizeof(buffer));
    requests.send(build(buffer, RTM_DELROUTE, 0, route));
  }
  print("echo", std::move(samples), lost);
  return 0;
}

std::string text_of(const V4Route& route) {
  char text[INET_ADDRSTRLEN];
  inet_ntop(AF_INET, &route.destination, text, sizeof(text));
  return fmt::format("{}/{}", text, route.length);
}

int run_watch(std::size_t count, char** command) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) die("pipe");
  const pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], STDOUT_FILENO);
    execvp(command[0], command);
    die(command[0]);
  }
  close(ends[1]);
  usleep(1'000'000);  // the watcher has to connect; not part of any sample
  const auto routes = ours();
  if (routes.empty()) die("no protocol-79 routes here");
  Socket requests(0);
  std::vector<double> samples;
  std::size_t lost = 0;
  std::string seen;
  char buffer[65536];
  for (std::size_t i = 0; i < count; ++i) {
    const V4Route& route = routes[i % routes.size()];
    const std::string wanted = text_of(route);
    std::memset(buffer, 0, 512);
    const nlmsghdr* message = build(buffer, RTM_DELROUTE, 0, route);
    const auto start = Clock::now();
    requests.send(message);
    bool found = false;
    while (!found) {
      pollfd ready{ends[0], POLLIN, 0};
      if (poll(&ready, 1, kLimitMs) <= 0) break;
      const ssize_t got = read(ends[0], buffer, sizeof(buffer));
      if (got <= 0) break;
      seen.append(buffer, static_cast<std::size_t>(got));
      found = seen.find(wanted) != std::string::npos;
    }
    if (found) samples.push_back(std::chrono::duration<double, std::micro>(Clock::now() - start).count());
    else ++lost;
    usleep(20'000);  // the closing update of the same record must not be taken for the next sample
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    while (read(ends[0], buffer, sizeof(buffer)) > 0) {}
    fcntl(ends[0], F_SETFL, 0);
    seen.clear();
  }
  kill(child, SIGTERM);
  waitpid(child, nullptr, 0);
  print("watch", std::move(samples), lost);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc > 2 ? argv[1] : "";
  const std::size_t count = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 0;
  if (count == 0 || count > 1'000'000) {
    fmt::print(stderr, "usage: probe_road echo|repair COUNT | watch COUNT -- COMMAND...\n");
    return 2;
  }
  if (mode == "echo") return run_echo(count);
  if (mode == "watch" && argc > 4) return run_watch(count, argv + 4);
  if (mode != "repair") return 2;
  const auto routes = ours();
  if (routes.empty()) die("no protocol-79 routes here");
  std::size_t lost = 0;
  auto samples = delete_and_wait(routes, count, lost);
  print("repair", std::move(samples), lost);
  return 0;
}
