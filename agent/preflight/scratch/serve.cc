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
#include "agent/preflight/scratch/read_verdict.h"
#include "agent/preflight/scratch/renumber_links.h"

namespace ondol::preflight {
namespace {

using Deadline = std::chrono::steady_clock::time_point;

tl::unexpected<Error> failed(const std::string& what) { return fail(Errc::kIo, what + ": " + std::strerror(errno)); }

std::optional<ucred> peer_of(int fd) {
  ucred peer{};
  socklen_t size = sizeof peer;
  return ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 ? std::optional(peer) : std::nullopt;
}

bool may_ask(const std::optional<ucred>& peer) { return peer && (peer->uid == 0 || peer->uid == ::geteuid()); }

// Empty = not ours to see.
std::optional<ino_t> network_of(const std::string& process) {
  struct stat found {};
  if (::stat(("/proc/" + process + "/ns/net").c_str(), &found) != 0) return std::nullopt;
  return found.st_ino;
}

// Whoever asks has a network to lose: it must not be the one that is filled and emptied here.
bool shares_our_network(const ucred& peer) {
  const auto ours = network_of("self"), theirs = network_of(std::to_string(peer.pid));
  return ours && theirs && *ours == *theirs;
}

void refuse(LocalStream& stream, const Error& why) {
  (void)stream.write(encode_frame(Result<Verdict>(tl::unexpected<Error>(why))));
}

Result<Verdict> answer(ScratchNamespace& scratch, std::string_view message, Deadline deadline) {
  auto question = decode_question(message);
  if (!question) return fail(question.error());
  renumber_links(*question);
  auto notes = scratch.fill(*question);
  if (!notes) return fail(notes.error());
  auto verdict = read_verdict(scratch.requests(), *question, deadline);
  if (!verdict) return fail(verdict.error());
  auto& all = verdict->judgement.notes;
  all.insert(all.begin(), notes->begin(), notes->end());
  if (all.size() > kMaxRefusals) all.resize(kMaxRefusals);
  return verdict;
}

// Empty = a caller that is hung up on.
std::optional<std::string> read_question(LocalStream& stream) {
  const auto peer = peer_of(stream.fd());
  if (!may_ask(peer)) return std::nullopt;
  auto message = stream.read_frame(kMaxQuestion);
  if (!message) {
    if (message.error().code == Errc::kLimit) refuse(stream, message.error());
    return std::nullopt;
  }
  if (!shares_our_network(*peer)) return std::move(*message);
  refuse(stream, {Errc::kRefused, "the question comes from the network namespace that the preflight works in", "", ""});
  return std::nullopt;
}

// What went wrong with one caller is that caller's; only a namespace that cannot be emptied ends the service.
Result<void> take_call(int fd, ScratchNamespace& scratch) {
  const Deadline deadline = std::chrono::steady_clock::now() + kQuestionLimit;
  LocalStream stream(fd, deadline);
  const auto message = read_question(stream);
  if (!message) return {};
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
  struct stat there {};
  if (::lstat(path.c_str(), &there) == 0) {
    if (!S_ISSOCK(there.st_mode)) return fail(Errc::kConflict, "there is something else than a socket", path);
    ::unlink(path.c_str());
  }
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

namespace {

// Empty = nobody came for `idle`.
Result<std::optional<int>> accept_call(int listener, std::optional<std::chrono::seconds> idle) {
  const int wait_ms = idle ? static_cast<int>(std::chrono::milliseconds(*idle).count()) : -1;
  while (true) {
    pollfd waiting{.fd = listener, .events = POLLIN, .revents = 0};
    const int ready = ::poll(&waiting, 1, wait_ms);
    if (ready == 0) return std::nullopt;
    if (ready < 0 && errno != EINTR) return failed("poll");
    if (ready < 0) continue;
    const int fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0 && (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)) continue;
    if (fd < 0) return failed("accept");
    return fd;
  }
}

}  // namespace

Result<void> serve(int listener, ScratchNamespace& scratch, std::optional<std::chrono::seconds> idle) {
  while (true) {
    const auto fd = accept_call(listener, idle);
    if (!fd) return fail(fd.error());
    if (!*fd) return {};
    ONDOL_TRY(take_call(**fd, scratch));
  }
}

void refuse_one(int listener, const Error& why, std::chrono::seconds idle) {
  const auto fd = accept_call(listener, idle);
  if (!fd || !*fd) return;
  LocalStream stream(**fd, std::chrono::steady_clock::now() + kQuestionLimit);
  if (!may_ask(peer_of(**fd))) return;
  (void)stream.read_frame(kMaxQuestion);  // what is not read would cost the caller the answer
  refuse(stream, why);
}

}  // namespace ondol::preflight
