#include "common/rpc/unix_relay.h"

#include <fmt/format.h>
#include <grp.h>
#include <grpcpp/security/server_credentials.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio.hpp>
#include <charconv>
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
  }
  ~Pair() { --count_; }
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

// A connected pair whose first end is bound to an abstract name: getpeername on the second end gives that name.
Result<std::array<int, 2>> named_pair(const std::string& name) {
  Fd listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  Fd named(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (listener.value < 0 || named.value < 0) return fail(system_error("no socket for an admin connection", {}));
  sockaddr_un address{};
  const std::string listening = fmt::format("ondol-relay/{}/{}", getpid(), name);
  socklen_t size = abstract_address(listening, address);
  if (bind(listener.value, reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener.value, 1) != 0) {
    return fail(system_error("cannot bind the relay's inner socket", {}));
  }
  sockaddr_un own{};
  const socklen_t own_size = abstract_address(name, own);
  if (bind(named.value, reinterpret_cast<sockaddr*>(&own), own_size) != 0 ||
      connect(named.value, reinterpret_cast<sockaddr*>(&address), size) != 0) {
    return fail(system_error("cannot connect the relay's inner socket", {}));
  }
  // gRPC reads until EAGAIN: a blocking socket would stop its poller for good.
  Fd accepted(accept4(listener.value, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  ucred peer{};
  socklen_t peer_size = sizeof(peer);
  // Somebody else may have found the abstract name first; only our own end counts.
  if (accepted.value < 0 || getsockopt(accepted.value, SOL_SOCKET, SO_PEERCRED, &peer, &peer_size) != 0 ||
      peer.pid != getpid()) {
    return fail(Errc::kRefused, "a stranger connected to the relay's inner socket");
  }
  return std::array<int, 2>{named.release(), accepted.release()};
}

bool in_group(uid_t uid, gid_t gid, gid_t wanted) {
  if (gid == wanted) return true;
  const passwd* user = getpwuid(uid);
  if (user == nullptr) return false;
  std::vector<gid_t> groups(256);
  int count = static_cast<int>(groups.size());
  if (getgrouplist(user->pw_name, gid, groups.data(), &count) < 0) return false;
  groups.resize(static_cast<std::size_t>(count));
  return std::find(groups.begin(), groups.end(), wanted) != groups.end();
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

  void stop() override {
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

  bool may_call(const ucred& peer) const {
    return peer.uid == 0 || peer.uid == getuid() || (group_ && in_group(peer.uid, peer.gid, *group_));
  }

  void admit(Socket outside) {
    ucred peer{};
    socklen_t size = sizeof(peer);
    if (getsockopt(outside.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return;
    if (!may_call(peer) || open_count_ >= options_.max_connections) return;  // closing is the answer
    auto ends = named_pair(fmt::format("{}/{}/{}/{}/{}/{}", kPeerWord, getpid(), ++number_, peer.uid, peer.gid, peer.pid));
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

// ".../ondol-caller/<our pid>/<n>/<uid>/<gid>/<pid>" from the right place on.
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
  const auto word = peer.find(kPeerWord);
  std::array<std::uint64_t, 5> numbers{};
  if (peer.rfind("unix-abstract:", 0) != 0 || word == std::string::npos ||
      !read_numbers(std::string_view(peer).substr(word + kPeerWord.size()), numbers) ||
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
