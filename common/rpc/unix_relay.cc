#include "common/rpc/unix_relay.h"

#include <fmt/format.h>
#include <grp.h>
#include <grpcpp/security/server_credentials.h>
#include <pwd.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio.hpp>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace ondol::rpc {
namespace {

namespace asio = boost::asio;
using Socket = asio::local::stream_protocol::socket;
using Acceptor = grpc::experimental::ExternalConnectionAcceptor;

constexpr std::string_view kPeerWord = "ondol-caller";

Error system_error(const std::string& what, const std::string& where) {
  return {Errc::kIo, fmt::format("{}: {}", what, std::strerror(errno)), where, {}};
}

// Two sockets and the bytes between them. Lives until both directions have ended.
class Pair : public std::enable_shared_from_this<Pair> {
 public:
  Pair(Socket outside, Socket inside, std::atomic<std::size_t>& count)
      : ends_{std::move(outside), std::move(inside)}, count_(count) {
    ++count_;
    count_.notify_all();
  }
  ~Pair() {
    --count_;
    count_.notify_all();
  }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;
  void run() {
    copy(0);
    copy(1);
  }

  void end() {
    boost::system::error_code ignored;
    for (Socket& socket : ends_) socket.close(ignored);
  }

 private:
  void copy(std::size_t from) {
    ends_[from].async_read_some(asio::buffer(buffers_[from]),
                                [self = shared_from_this(), from](const boost::system::error_code& error, std::size_t size) {
                                  if (error) return self->end();
                                  self->pass_on(from, size);
                                });
  }
  void pass_on(std::size_t from, std::size_t size) {
    asio::async_write(ends_[1 - from], asio::buffer(buffers_[from].data(), size),
                      [self = shared_from_this(), from](const boost::system::error_code& error, std::size_t) {
                        if (error) return self->end();
                        self->copy(from);
                      });
  }
  std::array<Socket, 2> ends_;
  std::array<std::array<char, 16384>, 2> buffers_{};
  std::atomic<std::size_t>& count_;
};

socklen_t abstract_address(const std::string& name, sockaddr_un& address) {
  address = {};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  return static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
}

struct Fd {
  int value = -1;
  explicit Fd(int fd) : value(fd) {}
  ~Fd() {
    if (value >= 0) close(value);
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  int release() { return std::exchange(value, -1); }
};

// A connected pair whose first end is bound to an abstract name: getpeername on the second end gives that name. Nothing
// listens, so nobody else can come in by that name.
Result<std::array<int, 2>> named_pair(const std::string& name) {
  int ends[2];
  // gRPC reads until EAGAIN: a blocking socket would stop its poller for good.
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0) {
    return fail(system_error("no socket for an admin connection", {}));
  }
  Fd named(ends[0]), plain(ends[1]);
  sockaddr_un address{};
  const socklen_t size = abstract_address(name, address);
  if (bind(named.value, reinterpret_cast<sockaddr*>(&address), size) != 0) {
    return fail(system_error("cannot name an admin connection", {}));
  }
  return std::array<int, 2>{named.release(), plain.release()};
}

// Unguessable, so that no other process can take our names before us.
std::uint64_t random_word() {
  std::uint64_t word = 0;
  if (getrandom(&word, sizeof(word), 0) != static_cast<ssize_t>(sizeof(word))) std::abort();
  return word;
}

// The groups the caller had when it connected, as the kernel knows them.
bool in_group(int socket, gid_t gid, gid_t wanted) {
  if (gid == wanted) return true;
  std::vector<gid_t> groups(1024);
  socklen_t size = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
  if (getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size) != 0) return false;
  groups.resize(size / sizeof(gid_t));
  return std::find(groups.begin(), groups.end(), wanted) != groups.end();
}

// Somebody still answers there.
bool is_served(const std::string& path) {
  Fd probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (probe.value < 0 || path.size() >= sizeof(address.sun_path)) return false;
  std::memcpy(address.sun_path, path.data(), path.size());
  return connect(probe.value, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
}

class AsioRelay final : public UnixRelay {
 public:
  explicit AsioRelay(std::unique_ptr<Acceptor> server) : server_(std::move(server)), listener_(io_) {}
  ~AsioRelay() override { stop(); }

  Result<void> open(const UnixRelayOptions& options) override {
    options_ = options;
    ONDOL_TRY(find_group());
    ONDOL_TRY(listen_on_path());
    accept_next();
    thread_ = std::thread([this] { io_.run(); });
    return {};
  }

  void wait_for_callers() const override { open_count_.wait(0); }

  void stop() override {
    ++open_count_;  // one that never leaves: nobody waits for callers any more
    open_count_.notify_all();
    if (!thread_.joinable()) return;
    asio::post(io_, [this] { close_all(); });
    thread_.join();  // the loop ends when nothing is open any more
    unlink(options_.path.c_str());
  }

 private:
  Result<void> find_group() {
    if (options_.group.empty()) return {};
    const group* found = getgrnam(options_.group.c_str());
    if (found == nullptr) {
      return fail(Errc::kInvalidInput, fmt::format("there is no group '{}'", options_.group), "admin.group",
                  "create it with systemd-sysusers, or name another");
    }
    group_ = found->gr_gid;
    return {};
  }

  Result<void> listen_on_path() {
    struct stat there {};
    if (lstat(options_.path.c_str(), &there) == 0) {
      if (!S_ISSOCK(there.st_mode)) {
        return fail(Errc::kAlreadyExists, "something that is not a socket is in the way", options_.path, "move it away");
      }
      if (is_served(options_.path)) {
        return fail(Errc::kAlreadyExists, "another process serves this socket", options_.path,
                    "stop it, or name another socket");
      }
      unlink(options_.path.c_str());
    }
    const mode_t before = umask(0117);
    boost::system::error_code error;
    listener_.open(asio::local::stream_protocol(), error);
    if (!error) listener_.bind(asio::local::stream_protocol::endpoint(options_.path), error);
    if (!error) listener_.listen(64, error);
    umask(before);
    if (error) return fail(Errc::kIo, "cannot listen: " + error.message(), options_.path);
    if (group_ && chown(options_.path.c_str(), static_cast<uid_t>(-1), *group_) != 0) {
      return fail(system_error("cannot give the socket to its group", options_.path));
    }
    return {};
  }

  void close_all() {
    boost::system::error_code ignored;
    listener_.close(ignored);
    for (auto& pair : pairs_) {
      if (auto open = pair.lock()) open->end();
    }
  }

  void accept_next() {
    listener_.async_accept([this](const boost::system::error_code& error, Socket socket) {
      if (!error) admit(std::move(socket));
      if (error != asio::error::operation_aborted) accept_next();
    });
  }

  bool may_call(int socket, const ucred& peer) const {
    return peer.uid == 0 || peer.uid == geteuid() || (group_ && in_group(socket, peer.gid, *group_));
  }

  void admit(Socket outside) {
    ucred peer{};
    socklen_t size = sizeof(peer);
    if (getsockopt(outside.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return;
    if (!may_call(outside.native_handle(), peer) || open_count_ >= options_.max_connections) return;  // closing is the answer
    auto ends = named_pair(
        fmt::format("{}/{:x}/{}/{}/{}/{}/{}", kPeerWord, random_word(), getpid(), ++number_, peer.uid, peer.gid, peer.pid));
    if (!ends) return;
    Socket inside(io_, asio::local::stream_protocol(), (*ends)[0]);
    auto pair = std::make_shared<Pair>(std::move(outside), std::move(inside), open_count_);
    std::erase_if(pairs_, [](const auto& old) { return old.expired(); });
    pairs_.push_back(pair);
    pair->run();
    grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters connection;
    connection.listener_fd = -1;
    connection.fd = (*ends)[1];
    server_->HandleNewConnection(&connection);
  }

  std::unique_ptr<Acceptor> server_;
  UnixRelayOptions options_;
  std::optional<gid_t> group_;
  std::atomic<std::size_t> open_count_{0};
  std::uint64_t number_ = 0;
  std::vector<std::weak_ptr<Pair>> pairs_;
  asio::io_context io_;
  asio::local::stream_protocol::acceptor listener_;
  std::thread thread_;
};

std::string user_name(uid_t uid) {
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 4096> buffer{};
  const bool known = getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr;
  return known ? std::string(found->pw_name) : fmt::format("{}", uid);
}

// "/<our pid>/<n>/<uid>/<gid>/<pid>"
bool read_numbers(std::string_view text, std::array<std::uint64_t, 5>& numbers) {
  const char* at = text.data();
  const char* end = at + text.size();
  for (std::uint64_t& number : numbers) {
    if (at == end || *at != '/') return false;
    const auto [next, error] = std::from_chars(at + 1, end, number);
    if (error != std::errc{}) return false;
    at = next;
  }
  return at == end;
}

}  // namespace

std::unique_ptr<UnixRelay> attach_unix_relay(grpc::ServerBuilder& builder) {
  auto acceptor = builder.experimental().AddExternalConnectionAcceptor(
      grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD, grpc::InsecureServerCredentials());
  return std::make_unique<AsioRelay>(std::move(acceptor));
}

Result<Caller> caller_of(const grpc::ServerContext& context) {
  std::string peer = context.peer();
  for (std::size_t at = 0; (at = peer.find("%2F", at)) != std::string::npos;) peer.replace(at, 3, "/");
  const std::string prefix = fmt::format("unix-abstract:{}/", kPeerWord);
  const auto numbers_at = peer.find('/', prefix.size());  // after the random word
  std::array<std::uint64_t, 5> numbers{};
  if (peer.rfind(prefix, 0) != 0 || numbers_at == std::string::npos ||
      !read_numbers(std::string_view(peer).substr(numbers_at), numbers) ||
      numbers[0] != static_cast<std::uint64_t>(getpid())) {
    return fail(Errc::kRefused, fmt::format("a connection without a named caller ('{}')", peer));
  }
  Caller caller;
  caller.uid = static_cast<uid_t>(numbers[2]);
  caller.gid = static_cast<gid_t>(numbers[3]);
  caller.pid = static_cast<pid_t>(numbers[4]);
  caller.name = user_name(caller.uid);
  return caller;
}

}  // namespace ondol::rpc
