#include "agent/undo/undo_client.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

namespace ondol::undo {
namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr std::chrono::seconds kPatience{2};  // of one question, start of the keeper included

tl::unexpected<Error> lost(const std::string& what, const std::string& path) {
  return fail(Errc::kUnavailable, what, path, "systemctl status ondol-undo.socket ondol-undo.service");
}

bool wait_for(int fd, short events, SteadyClock::time_point until) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - SteadyClock::now()).count();
  pollfd waiting{fd, events, 0};
  return left > 0 && ::poll(&waiting, 1, static_cast<int>(left)) == 1;
}

}  // namespace

UndoClient::UndoClient(boost::asio::io_context& loop, KeeperAddress address, std::function<void()> on_lost)
    : address_(std::move(address)), on_lost_(std::move(on_lost)), socket_(loop) {}

UndoClient::~UndoClient() { drop(); }

Result<void> UndoClient::connect() {
  if (socket_.is_open()) return {};
  sockaddr_un where{};
  where.sun_family = AF_UNIX;
  if (address_.socket.size() >= sizeof where.sun_path) {
    return fail(Errc::kInvalidInput, "the path of the socket is too long", address_.socket);
  }
  std::memcpy(where.sun_path, address_.socket.data(), address_.socket.size());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return fail(Errc::kIo, std::string("cannot make a socket: ") + std::strerror(errno), address_.socket);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0) {
    const int error = errno;
    ::close(fd);
    return lost(std::string("the undo keeper cannot be reached: ") + std::strerror(error), address_.socket);
  }
  received_.clear();
  socket_.assign(fd);
  return {};
}

Result<Message> UndoClient::ask(const Message& question) {
  const auto until = SteadyClock::now() + kPatience;
  const int fd = socket_.native_handle();
  const std::string bytes = encode(question);
  if (!wait_for(fd, POLLOUT, until) ||
      ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(bytes.size())) {
    return lost("the undo keeper takes nothing", address_.socket);
  }
  while (wait_for(fd, POLLIN, until)) {
    char buffer[512];
    const ssize_t n = ::recv(fd, buffer, sizeof buffer, 0);
    if (n <= 0) return lost("the undo keeper left", address_.socket);
    received_.append(buffer, static_cast<std::size_t>(n));
    auto message = take_message(received_);
    if (!message) return fail(message.error());
    if (*message) return **std::move(message);
  }
  return lost("the undo keeper gave no answer within 2 s", address_.socket);
}

Result<void> UndoClient::arm(Generation generation, BootTime deadline) {
  ONDOL_TRY(connect());
  boost::system::error_code ignored;
  socket_.cancel(ignored);
  const auto answer = ask(Arm{address_.state_dir, generation, deadline, address_.boot_id});
  if (answer && std::holds_alternative<Armed>(*answer)) {
    watch();
    return {};
  }
  drop();
  if (!answer) return fail(answer.error());
  const auto* refused = std::get_if<Refused>(&*answer);
  return fail(Errc::kRefused, refused == nullptr ? "the undo keeper answered something else" : "the undo keeper: " + refused->reason,
              address_.socket);
}

Result<void> UndoClient::disarm() {
  if (!socket_.is_open()) return {};
  boost::system::error_code ignored;
  socket_.cancel(ignored);
  const auto answer = ask(Disarm{});
  drop();
  if (!answer) return fail(answer.error());
  if (!std::holds_alternative<Disarmed>(*answer)) return fail(Errc::kRefused, "the undo keeper did not disarm", address_.socket);
  return {};
}

// The keeper never speaks first: anything to read is its end.
void UndoClient::watch() {
  socket_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                     [this, alive = std::weak_ptr<char>(alive_)](const boost::system::error_code& error) {
                       if (error || alive.expired() || !socket_.is_open()) return;
                       drop();
                       if (on_lost_) on_lost_();
                     });
}

void UndoClient::drop() {
  boost::system::error_code ignored;
  socket_.close(ignored);
  received_.clear();
}

}  // namespace ondol::undo
