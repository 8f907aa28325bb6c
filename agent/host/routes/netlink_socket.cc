#include "agent/host/routes/netlink_socket.h"

#include <fmt/format.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace ondol::routes {
namespace {

// The kernel answers inside send(); an answer that takes longer than this will not come.
constexpr timeval kAnswerLimit{.tv_sec = 10, .tv_usec = 0};

}  // namespace

Error netlink_error(std::string_view what, int error_number) {
  const Errc code = error_number == EPERM     ? Errc::kRefused
                    : error_number == ENOBUFS ? Errc::kInterrupted
                                              : Errc::kIo;
  return Error{code, fmt::format("netlink {}: {}", what, std::strerror(error_number)), {}, {}};
}

Result<NetlinkSocket> NetlinkSocket::open(std::size_t read_bytes) {
  mnl_socket* socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
  if (socket == nullptr) return fail(netlink_error("socket", errno));
  NetlinkSocket made(socket, read_bytes);
  setsockopt(made.fd(), SOL_SOCKET, SO_RCVTIMEO, &kAnswerLimit, sizeof(kAnswerLimit));
  return made;
}

Result<void> NetlinkSocket::bind() {
  if (mnl_socket_bind(socket_.get(), 0, MNL_SOCKET_AUTOPID) != 0) return fail(netlink_error("bind", errno));
  return {};
}

Result<void> NetlinkSocket::set_option(int option, int value) {
  if (mnl_socket_setsockopt(socket_.get(), option, &value, sizeof(value)) != 0) {
    return fail(netlink_error(fmt::format("option {}", option), errno));
  }
  return {};
}

int NetlinkSocket::set_receive_buffer(int bytes) {
  if (setsockopt(fd(), SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) != 0) {
    setsockopt(fd(), SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
  }
  int got = 0;
  socklen_t size = sizeof(got);
  getsockopt(fd(), SOL_SOCKET, SO_RCVBUF, &got, &size);
  return got;
}

void NetlinkSocket::set_send_buffer(int bytes) {
  if (setsockopt(fd(), SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)) != 0) {
    setsockopt(fd(), SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
  }
}

Result<void> NetlinkSocket::send(std::span<const std::uint8_t> bytes) {
  if (mnl_socket_sendto(socket_.get(), bytes.data(), bytes.size()) < 0)
    return fail(netlink_error("send", errno));
  return {};
}

std::size_t NetlinkSocket::most_queued() const {
  constexpr std::size_t kSmallestFootprintBytes = 512;  // of a datagram in the queue; about 770 were measured
  std::array<std::uint32_t, SK_MEMINFO_VARS> memory{};
  socklen_t size = sizeof(memory);
  if (getsockopt(fd(), SOL_SOCKET, SO_MEMINFO, memory.data(), &size) != 0) return 0;
  return memory[SK_MEMINFO_RMEM_ALLOC] / kSmallestFootprintBytes;
}

NetlinkSocket::Received NetlinkSocket::receive(bool wait) {
  while (true) {
    sockaddr_nl sender{};
    iovec piece{.iov_base = buffer_.data(), .iov_len = buffer_.size()};
    msghdr header{};
    header.msg_name = &sender;
    header.msg_namelen = sizeof(sender);
    header.msg_iov = &piece;
    header.msg_iovlen = 1;
    const ssize_t size = recvmsg(fd(), &header, wait ? 0 : MSG_DONTWAIT);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == ENOBUFS) return {Read::kOverrun, {}, 0};
    if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return {Read::kEmpty, {}, 0};
    if (size < 0) return {Read::kFailed, {}, errno};
    if (sender.nl_pid != 0) continue;  // only the kernel is believed
    if ((header.msg_flags & MSG_TRUNC) != 0) return {Read::kOverrun, {}, 0};
    return {Read::kData, {buffer_.data(), static_cast<std::size_t>(size)}, 0};
  }
}

}  // namespace ondol::routes
