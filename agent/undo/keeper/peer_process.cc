#include "agent/undo/keeper/peer_process.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

namespace ondol::undo {

PeerProcess::PeerProcess(PeerProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)), fd_(std::exchange(other.fd_, -1)) {}

PeerProcess& PeerProcess::operator=(PeerProcess&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(fd_, other.fd_);
  return *this;
}

PeerProcess::~PeerProcess() {
  if (fd_ >= 0) ::close(fd_);
}

Result<PeerProcess> PeerProcess::open(int connection) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
    return fail(Errc::kRefused, std::string("the caller is unknown: ") + std::strerror(errno));
  }
  if (peer.uid != 0 && peer.uid != ::geteuid()) {
    return fail(Errc::kRefused, "uid " + std::to_string(peer.uid) + " (pid " + std::to_string(peer.pid) + ") may not use this socket");
  }
  PeerProcess process;
  process.pid_ = peer.pid;
  process.fd_ = static_cast<int>(::syscall(SYS_pidfd_open, peer.pid, 0));
  if (process.fd_ < 0) return fail(Errc::kRefused, std::string("the caller cannot be held: ") + std::strerror(errno));
  // Still connected after it was opened: it is the process that connected, not a later one with its number.
  pollfd still{connection, 0, 0};
  if (::poll(&still, 1, 0) != 0) return fail(Errc::kRefused, "the caller left");
  return process;
}

bool PeerProcess::kill(Milliseconds patience) const {
  if (::syscall(SYS_pidfd_send_signal, fd_, SIGKILL, nullptr, 0) != 0 && errno != ESRCH) return false;
  pollfd ended{fd_, POLLIN, 0};
  return ::poll(&ended, 1, static_cast<int>(patience.count())) == 1;
}

}  // namespace ondol::undo
