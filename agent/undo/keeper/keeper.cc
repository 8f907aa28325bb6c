#include "agent/undo/keeper/keeper.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "common/base/overload.h"
#include "common/journal/journal.h"
#include "common/loop/clocks.h"

namespace ondol::undo {
namespace {

constexpr std::size_t kMaxConnections = 8;
constexpr std::size_t kMaxReceived = 8'192;  // bytes
constexpr Seconds kSpeakWithin{5};

}  // namespace

Result<int> open_listener(const std::string& path) {
  sockaddr_un where{};
  where.sun_family = AF_UNIX;
  if (path.size() >= sizeof where.sun_path) return fail(Errc::kInvalidInput, "the path of the socket is too long", path);
  std::memcpy(where.sun_path, path.data(), path.size());
  const auto* address = reinterpret_cast<const sockaddr*>(&where);
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool answered = ::connect(probe, address, sizeof where) == 0;
  ::close(probe);
  if (answered) return fail(Errc::kConflict, "another keeper answers on this socket", path);
  ::unlink(path.c_str());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const mode_t before = ::umask(0177);
  const bool bound = fd >= 0 && ::bind(fd, address, sizeof where) == 0;
  ::umask(before);
  if (bound && ::listen(fd, kMaxConnections) == 0) return fd;
  const int error = errno;
  if (fd >= 0) ::close(fd);
  return fail(Errc::kIo, std::string("cannot listen: ") + std::strerror(error), path);
}

Keeper::Keeper(int listener, agent::AgentConfig config, std::optional<Milliseconds> idle)
    : listener_(listener),
      timer_(::timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC)),
      config_(std::move(config)),
      idle_(idle),
      idle_since_(read_now().boot) {
  // A caller who left between poll and accept must not stop everything.
  ::fcntl(listener_, F_SETFL, ::fcntl(listener_, F_GETFL) | O_NONBLOCK);
}

Keeper::~Keeper() {
  for (auto& [number, connection] : connections_) {
    if (connection.fd >= 0) ::close(connection.fd);
  }
  if (timer_ >= 0) ::close(timer_);
  ::close(listener_);
}

Result<void> Keeper::run() {
  if (timer_ < 0) return fail(Errc::kIo, std::string("there is no timer: ") + std::strerror(errno));
  while (true) {
    if (!connections_.empty()) idle_since_ = read_now().boot;
    if (connections_.empty() && idle_ && read_now().boot >= idle_since_ + *idle_) return {};
    set_timer();
    std::vector<pollfd> waiting{{listener_, POLLIN, 0}, {timer_, POLLIN, 0}};
    std::vector<int> numbers;
    for (const auto& [number, connection] : connections_) {
      if (connection.fd < 0) continue;
      waiting.push_back({connection.fd, POLLIN, 0});
      numbers.push_back(number);
    }
    if (::poll(waiting.data(), waiting.size(), -1) < 0 && errno != EINTR) {
      return fail(Errc::kIo, std::string("cannot wait: ") + std::strerror(errno));
    }
    std::uint64_t expirations = 0;
    if (waiting[1].revents != 0 && ::read(timer_, &expirations, sizeof expirations) < 0 && errno != EAGAIN) {
      return fail(Errc::kIo, std::string("the timer broke: ") + std::strerror(errno));
    }
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      if (waiting[i + 2].revents != 0) read_from(connections_.at(numbers[i]));
    }
    if (waiting[0].revents != 0) take_caller(read_now().boot);
    act(read_now().boot);
  }
}

void Keeper::take_caller(BootTime now) {
  const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd < 0) return;
  const auto open = std::ranges::count_if(connections_, [](const auto& held) { return held.second.fd >= 0; });
  if (static_cast<std::size_t>(open) >= kMaxConnections) {
    ::close(fd);
    return;
  }
  connections_[next_++] = {fd, {}, now + kSpeakWithin, std::nullopt};
}

void Keeper::read_from(Connection& connection) {
  char buffer[2'048];
  const ssize_t n = ::recv(connection.fd, buffer, sizeof buffer, 0);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) return end(connection);
  connection.received.append(buffer, static_cast<std::size_t>(n));
  while (connection.fd >= 0) {
    auto message = take_message(connection.received);
    if (message && !*message) break;
    if (!message) {
      journal::write(journal::Event::undo_refused, "a message " + message.error().message);
      return end(connection);
    }
    answer(connection, reply(connection, **message));
  }
  if (connection.received.size() > kMaxReceived) end(connection);
}

void Keeper::answer(Connection& connection, const Message& message) {
  const std::string bytes = encode(message);
  const ssize_t n = ::send(connection.fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (n != static_cast<ssize_t>(bytes.size()) || std::holds_alternative<Refused>(message)) end(connection);
}

Message Keeper::reply(Connection& connection, const Message& asked) {
  const auto nonsense = [](const auto&) -> Message { return Refused{"only the keeper says this"}; };
  return std::visit(Overload{[&](const Arm& wanted) { return arm(connection, wanted); },
                             [&](const Disarm&) -> Message {
                               connection.trial.reset();
                               connection.speak_by = read_now().boot + kSpeakWithin;
                               return Disarmed{};
                             },
                             [&](const Armed& it) { return nonsense(it); }, [&](const Disarmed& it) { return nonsense(it); },
                             [&](const Refused& it) { return nonsense(it); }},
                    asked);
}

Message Keeper::arm(Connection& connection, const Arm& asked) {
  auto process = PeerProcess::open(connection.fd);
  const pid_t pid = process ? process->pid() : 0;
  auto trial = process ? KeptTrial::take(asked, *std::move(process), read_now().boot) : fail(process.error());
  if (!trial) {
    const std::string reason = render(trial.error());
    journal::write(journal::Event::undo_refused, reason);
    return Refused{reason};
  }
  connection.trial = *std::move(trial);
  connection.speak_by = BootTime::max();
  journal::write(journal::Event::undo_armed, "generation " + std::to_string(asked.generation.value) + " of the agent (pid " +
                                                 std::to_string(pid) + "), " + asked.state_dir);
  return Armed{};
}

void Keeper::end(Connection& connection) {
  if (connection.fd >= 0) ::close(connection.fd);
  connection.fd = -1;
  connection.speak_by = BootTime::max();
  if (connection.trial) connection.trial->agent_left();
}

void Keeper::act(BootTime now) {
  for (auto& [number, connection] : connections_) {
    if (now >= connection.speak_by) end(connection);
    if (connection.trial && read_now().boot >= connection.trial->act_at() && connection.trial->act(config_)) {
      connection.trial.reset();
      connection.speak_by = read_now().boot + kSpeakWithin;
    }
  }
  std::erase_if(connections_, [](const auto& held) { return held.second.fd < 0 && !held.second.trial; });
}

BootTime Keeper::next_due() const {
  BootTime next = connections_.empty() && idle_ ? idle_since_ + *idle_ : BootTime::max();
  for (const auto& [number, connection] : connections_) {
    next = std::min(next, connection.speak_by);
    if (connection.trial) next = std::min(next, connection.trial->act_at());
  }
  return next;
}

void Keeper::set_timer() {
  itimerspec when{};  // all zero = disarmed
  if (const BootTime due = next_due(); due != BootTime::max()) {
    const std::int64_t ns = std::max<std::int64_t>(1, due.time_since_epoch().count());
    when.it_value = {ns / 1'000'000'000, ns % 1'000'000'000};
  }
  ::timerfd_settime(timer_, TFD_TIMER_ABSTIME, &when, nullptr);
}

}  // namespace ondol::undo
