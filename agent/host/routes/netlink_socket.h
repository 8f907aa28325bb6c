// One rtnetlink socket: open, send, receive. No policy.
#pragma once

#include <libmnl/libmnl.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "common/base/result.h"

namespace ondol::routes {

// Reads at least as large as the largest piece of a dump (32 KiB).
inline constexpr std::size_t kReadBytes = 64 * 1024;

// Thread: one. Not copyable; closes with the object.
class NetlinkSocket {
 public:
  static Result<NetlinkSocket> open(std::size_t read_bytes = kReadBytes);

  Result<void>
  bind();  // the kernel picks the port: normally the process id for the first socket of a process
  Result<void> set_option(int option, int value);  // SOL_NETLINK
  Result<void> join(unsigned group) { return set_option(NETLINK_ADD_MEMBERSHIP, static_cast<int>(group)); }
  // SO_RCVBUFFORCE, else SO_RCVBUF; gives what the kernel made of it.
  int set_receive_buffer(int bytes);
  void set_send_buffer(int bytes);

  int fd() const { return mnl_socket_get_fd(socket_.get()); }
  std::uint32_t port() const { return mnl_socket_get_portid(socket_.get()); }

  Result<void> send(std::span<const std::uint8_t> bytes);

  // At least as many datagrams as are queued now: a reader that takes so many has seen everything up to now,
  // and is not kept for ever by a writer as fast as itself.
  std::size_t most_queued() const;

  enum class Read : std::uint8_t { kData, kEmpty, kOverrun, kFailed };
  struct Received {
    Read what = Read::kEmpty;
    std::span<const std::uint8_t> bytes;  // valid until the next receive
    int error_number = 0;                 // of kFailed
  };
  // One datagram from the kernel. kOverrun also stands for a datagram larger than read_bytes: it is lost as
  // well.
  Received receive(bool wait);

 private:
  struct Closer {
    void operator()(mnl_socket* socket) const { mnl_socket_close(socket); }
  };
  NetlinkSocket(mnl_socket* socket, std::size_t read_bytes) : socket_(socket), buffer_(read_bytes) {}

  std::unique_ptr<mnl_socket, Closer> socket_;
  std::vector<std::uint8_t> buffer_;
};

// "netlink bind: Operation not permitted"
Error netlink_error(std::string_view what, int error_number);

}  // namespace ondol::routes
