#include "agent/host/routes/process_starts.h"

#include <arpa/inet.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <utility>

#include "agent/host/routes/netlink_socket.h"

namespace ondol::routes {
namespace {

constexpr std::size_t kMaxRemembered = 4096;
constexpr int kMaxPerSecond = 1000;
constexpr Seconds kDeaf{2};
constexpr double kLongestMemory = 5;  // seconds: a command is gone long before
constexpr int kMaxPerRead = 512;
constexpr double kForksPerSecond = 20'000;  // faster than a host can go through its process ids
constexpr std::size_t kEventOffset = NLMSG_HDRLEN + sizeof(cn_msg);

// proc_event::what, on every kernel; newer headers name the enumeration differently.
constexpr std::uint32_t kExec = 0x00000002;
struct ExecEvent {
  std::uint32_t what, cpu;
  std::uint64_t since_boot_ns;
  std::uint32_t pid, tgid;
};

// Only execs pass: every fork and exit would wake us as well.
void attach_filter(int fd, bool hears) {
  // BPF loads are in network order, the event is in host order.
  std::array<sock_filter, 4> program{{{BPF_LD | BPF_ABS | BPF_W, 0, 0, kEventOffset},
                                      {BPF_JMP | BPF_JEQ | BPF_K, 0, 1, htonl(kExec)},
                                      {BPF_RET | BPF_K, 0, 0, hears ? 0xffffffffU : 0U},
                                      {BPF_RET | BPF_K, 0, 0, 0}}};
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  ::setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter));
}

Nanoseconds reuse_time() {
  std::ifstream file("/proc/sys/kernel/pid_max");
  double largest = 32'768;
  file >> largest;
  return Nanoseconds{static_cast<std::int64_t>(std::clamp(largest / kForksPerSecond, 1.0, kLongestMemory) * 1e9)};
}

bool ask(int fd, std::uint32_t operation) {
  std::array<std::byte, kEventOffset + sizeof(operation)> request{};
  nlmsghdr header{};
  header.nlmsg_len = request.size();
  header.nlmsg_type = NLMSG_DONE;
  cn_msg message{};
  message.id = {CN_IDX_PROC, CN_VAL_PROC};
  message.len = sizeof(operation);
  std::memcpy(request.data(), &header, sizeof(header));
  std::memcpy(request.data() + NLMSG_HDRLEN, &message, sizeof(message));
  std::memcpy(request.data() + kEventOffset, &operation, sizeof(operation));
  return ::send(fd, request.data(), request.size(), 0) == static_cast<ssize_t>(request.size());
}

}  // namespace

Result<ProcessStarts> ProcessStarts::open() {
  const int fd = ::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_CONNECTOR);
  if (fd < 0) return fail(netlink_error("process connector", errno));
  ProcessStarts starts(fd);
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = CN_IDX_PROC;
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 || !ask(fd, PROC_CN_MCAST_LISTEN)) {
    return fail(netlink_error("process connector", errno));
  }
  starts.is_ours_ = true;
  return starts;
}

ProcessStarts ProcessStarts::adopt(int fd) { return ProcessStarts(fd); }

ProcessStarts::ProcessStarts(int fd) : fd_(fd), valid_for_(reuse_time()) { attach_filter(fd_, true); }

ProcessStarts::ProcessStarts(ProcessStarts&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      valid_for_(other.valid_for_),
      starts_(std::move(other.starts_)),
      order_(std::move(other.order_)),
      second_(other.second_),
      deaf_until_(other.deaf_until_),
      in_second_(other.in_second_),
      hears_(other.hears_),
      is_ours_(other.is_ours_) {}

ProcessStarts::~ProcessStarts() {
  if (fd_ < 0) return;
  if (is_ours_) ask(fd_, PROC_CN_MCAST_IGNORE);  // before Linux 6.6 every fork goes on telling it otherwise
  ::close(fd_);
}

void ProcessStarts::read(AuthorReader& authors, BootTime now) {
  if (!hears_ && now >= deaf_until_) set_hearing(true);
  std::array<std::byte, 1024> bytes{};
  for (int i = 0; i < kMaxPerRead; ++i) {
    sockaddr_nl from{};
    socklen_t from_size = sizeof(from);
    const ssize_t size =
        ::recvfrom(fd_, bytes.data(), bytes.size(), MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&from), &from_size);
    if (size < 0 && (errno == EINTR || errno == ENOBUFS)) continue;  // what was lost is merely not known
    if (size < 0) return;
    if (from.nl_family == AF_NETLINK && from.nl_pid != 0) continue;  // only the kernel is believed
    ExecEvent event{};
    if (static_cast<std::size_t>(size) < kEventOffset + sizeof(event)) continue;
    std::memcpy(&event, bytes.data() + kEventOffset, sizeof(event));
    if (event.what != kExec) continue;
    if (is_storm(now)) set_hearing(false);
    if (!hears_) continue;
    remember(event.tgid, authors.read(event.tgid), now);
  }
}

bool ProcessStarts::is_storm(BootTime now) {
  if (now - second_ >= Seconds{1}) {
    second_ = now;
    in_second_ = 0;
  }
  if (++in_second_ <= kMaxPerSecond) return false;
  deaf_until_ = now + kDeaf;
  return true;
}

void ProcessStarts::set_hearing(bool hears) {
  if (hears_ == hears) return;
  hears_ = hears;
  attach_filter(fd_, hears);
}

void ProcessStarts::remember(std::uint32_t pid, Author author, BootTime now) {
  if (!author.command) {
    starts_.erase(pid);  // somebody else was this id
    return;
  }
  if (order_.size() >= kMaxRemembered) {
    starts_.erase(order_.front());
    order_.pop_front();
  }
  order_.push_back(pid);
  starts_[pid] = {std::move(author), now};
}

const Author* ProcessStarts::find(std::uint32_t pid, BootTime now) const {
  const auto found = starts_.find(pid);
  if (found == starts_.end() || now - found->second.seen > valid_for_) return nullptr;
  return &found->second.author;
}

}  // namespace ondol::routes
