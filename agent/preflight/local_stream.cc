#include "agent/preflight/local_stream.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "agent/preflight/frame.h"

namespace ondol::preflight {
namespace {

constexpr std::size_t kPiece = 256 * 1024;  // a frame's header is a claim: memory follows what arrives

tl::unexpected<Error> broken(const char* what) {
  return fail(Errc::kUnavailable, std::string(what) + ": " + std::strerror(errno));
}

}  // namespace

LocalStream::~LocalStream() {
  if (fd_ >= 0) ::close(fd_);
}

Result<void> LocalStream::wait_for(short events) {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - std::chrono::steady_clock::now());
    if (left.count() <= 0) return fail(Errc::kUnavailable, "it took too long");
    pollfd waiting{.fd = fd_, .events = events, .revents = 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(left.count()));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return broken("poll");
  }
}

Result<void> LocalStream::connect(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return fail(Errc::kInvalidInput, "the path of the socket is too long");
  std::memcpy(address.sun_path, path.data(), path.size());
  const timeval limit{.tv_sec = 5, .tv_usec = 0};  // a full backlog blocks
  ::setsockopt(fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return broken("cannot connect");
  return {};
}

Result<void> LocalStream::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(n));
      continue;
    }
    if (errno == EAGAIN || errno == EINTR) {
      ONDOL_TRY(wait_for(POLLOUT));
      continue;
    }
    return broken("cannot send");
  }
  return {};
}

Result<std::string> LocalStream::read(std::size_t size) {
  std::string bytes;
  while (bytes.size() < size) {
    const std::size_t had = bytes.size();
    bytes.resize(had + std::min(kPiece, size - had));
    const ssize_t n = ::recv(fd_, bytes.data() + had, bytes.size() - had, MSG_DONTWAIT);
    const int error_number = errno;
    bytes.resize(had + static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
    if (n == 0) return fail(Errc::kUnavailable, "the other side went away");
    if (n > 0) continue;
    errno = error_number;
    if (errno != EAGAIN && errno != EINTR) return broken("cannot read");
    if (const auto waited = wait_for(POLLIN); !waited) return fail(waited.error());
  }
  return bytes;
}

Result<std::string> LocalStream::read_frame(std::size_t most) {
  const auto header = read(kFrameHeader);
  if (!header) return fail(header.error());
  const auto size = decode_frame_size(*header, most);
  if (!size) return fail(size.error());
  return read(*size);
}

}  // namespace ondol::preflight
