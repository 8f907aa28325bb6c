#include "agent/preflight/scratch/serve.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "agent/preflight/frame.h"
#include "agent/preflight/local_stream.h"
#include "agent/preflight/scratch/judge_operations.h"

namespace ondol::preflight {
namespace {

using Deadline = std::chrono::steady_clock::time_point;

tl::unexpected<Error> failed(const std::string& what) { return fail(Errc::kIo, what + ": " + std::strerror(errno)); }

bool may_ask(int fd) {
  ucred peer{};
  socklen_t size = sizeof peer;
  return ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && (peer.uid == 0 || peer.uid == ::geteuid());
}

Result<Verdict> answer(ScratchNamespace& scratch, std::string_view message, Deadline deadline) {
  const auto question = decode_question(message);
  if (!question) return fail(question.error());
  auto notes = scratch.fill(*question);
  if (!notes) return fail(notes.error());
  auto verdict = judge_operations(scratch.requests(), *question, deadline);
  if (!verdict) return fail(verdict.error());
  auto& all = verdict->judgement.notes;
  all.insert(all.begin(), notes->begin(), notes->end());
  if (all.size() > kMaxRefusals) all.resize(kMaxRefusals);
  return verdict;
}

// What went wrong with one caller is that caller's; only a namespace that cannot be emptied ends the service.
Result<void> take_call(int fd, ScratchNamespace& scratch) {
  const Deadline deadline = std::chrono::steady_clock::now() + kQuestionLimit;
  LocalStream stream(fd, deadline);
  if (!may_ask(fd)) return {};
  const auto message = stream.read_frame(kMaxQuestion);
  if (!message) {
    if (message.error().code == Errc::kLimit) (void)stream.write(encode_frame(Result<Verdict>(fail(message.error()))));
    return {};
  }
  ::alarm(static_cast<unsigned>(kQuestionLimit.count()) + 1);
  (void)stream.write(encode_frame(answer(scratch, *message, deadline)));
  ::shutdown(fd, SHUT_WR);
  auto emptied = scratch.empty();
  ::alarm(0);
  return emptied;
}

bool is_answered(const sockaddr_un& address) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool answered = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(fd);
  return answered;
}

}  // namespace

Result<int> open_listener(const std::string& path) {
  constexpr int kBacklog = 16;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    return fail(Errc::kInvalidInput, "the path of the socket is empty or too long", path);
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  if (is_answered(address)) return fail(Errc::kConflict, "another program answers on this socket", path);
  ::unlink(path.c_str());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return failed("socket");
  const mode_t before = ::umask(0177);
  const bool bound = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::umask(before);
  if (bound && ::listen(fd, kBacklog) == 0) return fd;
  auto error = failed("cannot listen on " + path);
  ::close(fd);
  return error;
}

Result<void> serve(int listener, ScratchNamespace& scratch, std::optional<std::chrono::seconds> idle) {
  const int wait_ms = idle ? static_cast<int>(std::chrono::milliseconds(*idle).count()) : -1;
  while (true) {
    pollfd waiting{.fd = listener, .events = POLLIN, .revents = 0};
    const int ready = ::poll(&waiting, 1, wait_ms);
    if (ready == 0) return {};
    if (ready < 0 && errno != EINTR) return failed("poll");
    if (ready < 0) continue;
    const int fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0 && (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)) continue;
    if (fd < 0) return failed("accept");
    ONDOL_TRY(take_call(fd, scratch));
  }
}

}  // namespace ondol::preflight
