#include "common/rpc/accept_shield.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio.hpp>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "common/rpc/accept_budget.h"
#include "common/rpc/door_list.h"
#include "common/rpc/keep_alive.h"
#include "common/rpc/turn_away.h"

namespace ondol::rpc {
namespace {

namespace asio = boost::asio;
using Tcp = asio::ip::tcp;
using Acceptor = grpc::experimental::ExternalConnectionAcceptor;

constexpr std::chrono::milliseconds kSweep{250};
constexpr std::chrono::milliseconds kPause{50};  // after descriptor exhaustion, before the next accept
constexpr std::chrono::seconds kFullFor{30};     // places are given back by agents that leave, which is rare
constexpr std::size_t kMaxLeaving = 256;         // turned away and not yet gone; more are cut off at once
constexpr std::chrono::milliseconds kLeaveWithin{1'000};
constexpr int kBacklogTurn = 64;                 // taken off the backlog and closed in one pause

PeerKey key_of(const Tcp::endpoint& endpoint) {
  const auto address = endpoint.address();
  IpAddress plain;
  if (address.is_v4()) {
    const auto bytes = address.to_v4().to_bytes();
    std::copy(bytes.begin(), bytes.end(), plain.bytes.begin());
  } else {
    plain = {Family::kIpv6, address.to_v6().to_bytes()};
  }
  return make_peer(plain, endpoint.port());
}

struct Counters {
  std::atomic<std::uint64_t> accepted{0}, refused_cap{0}, refused_source{0}, refused_rate{0}, refused_handshakes{0},
      handshake_timeout{0}, exhausted{0};
};

// One who was turned away, until it has read why: closed at once, with its hello unread, the kernel would take the answer
// back.
class Leaving : public std::enable_shared_from_this<Leaving> {
 public:
  Leaving(Tcp::socket socket, std::size_t& count) : socket_(std::move(socket)), limit_(socket_.get_executor()), count_(count) {
    ++count_;
  }
  ~Leaving() { --count_; }
  Leaving(const Leaving&) = delete;
  Leaving& operator=(const Leaving&) = delete;

  void run() {
    boost::system::error_code ignored;
    socket_.shutdown(Tcp::socket::shutdown_send, ignored);
    limit_.expires_after(kLeaveWithin);
    limit_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
      if (!error) self->close();
    });
    read();
  }

 private:
  void read() {
    socket_.async_read_some(asio::buffer(unread_), [self = shared_from_this()](const boost::system::error_code& error, std::size_t) {
      error ? self->close() : self->read();
    });
  }
  void close() {
    boost::system::error_code ignored;
    limit_.cancel();
    socket_.close(ignored);
  }

  Tcp::socket socket_;
  asio::steady_timer limit_;
  std::size_t& count_;
  std::array<char, 512> unread_{};
};

class AsioShield final : public AcceptShield {
 public:
  explicit AsioShield(std::unique_ptr<Acceptor> server)
      : server_(std::move(server)), listener_(io_), sweep_(io_), pause_(io_), spare_(::open("/dev/null", O_RDONLY | O_CLOEXEC)) {}
  ~AsioShield() override {
    stop();
    if (spare_ >= 0) ::close(spare_);
  }

  Result<void> open(const ShieldOptions& options) override {
    handshake_limit_ = options.handshake_limit;
    on_gone_ = options.on_gone;
    door_.emplace(options.max_connections, options.max_per_source);
    budget_.emplace(options.accepts_per_second);
    max_handshakes_ = options.max_handshakes;
    ONDOL_TRY(listen_on(options.listen));
    accept_next();
    sweep_later();
    thread_ = std::thread([this] { io_.run(); });
    return {};
  }
  std::uint16_t port() const override { return port_; }
  void stream_opened(const std::string& peer) override {
    const auto key = parse_peer(peer);
    if (key) asio::post(io_, [this, key] { close_if_open(door_->opened(*key)); });
  }
  void stream_ended(const std::string& peer) override {
    const auto key = parse_peer(peer);
    if (key) asio::post(io_, [this, key] { door_->ended(*key); });
  }
  ShieldCounters counters() const override {
    return {counters_.accepted,           counters_.refused_cap,       counters_.refused_source, counters_.refused_rate,
            counters_.refused_handshakes, counters_.handshake_timeout, counters_.exhausted};
  }
  void stop() override {
    if (!thread_.joinable()) return;
    io_.stop();
    thread_.join();
    boost::system::error_code ignored;
    listener_.close(ignored);
    for (const int kept : door_->take_all()) ::close(kept);
  }

 private:
  Result<void> listen_on(const std::string& text) {
    const auto colon = text.rfind(':');
    std::string host = text.substr(0, colon == std::string::npos ? 0 : colon);
    if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
    boost::system::error_code error;
    const auto address = asio::ip::make_address(host, error);
    const int port = colon == std::string::npos ? -1 : std::atoi(text.c_str() + colon + 1);
    if (error || port < 0 || port > 65535) {
      return fail(Errc::kInvalidInput, fmt::format("'{}' is not an address and port", text), {}, "write 0.0.0.0:7443");
    }
    const Tcp::endpoint endpoint(address, static_cast<std::uint16_t>(port));
    listener_.open(endpoint.protocol(), error);
    if (!error) listener_.set_option(Tcp::acceptor::reuse_address(true), error);
    if (!error) listener_.bind(endpoint, error);
    if (!error) listener_.listen(4096, error);
    if (error) {
      return fail(Errc::kIo, fmt::format("cannot listen on {}: {}", text, error.message()), {},
                  "see who holds it: ss -ltnp");
    }
    port_ = listener_.local_endpoint().port();
    return {};
  }

  void accept_next() {
    listener_.async_accept([this](const boost::system::error_code& error, Tcp::socket socket) {
      if (error == asio::error::operation_aborted) return;
      if (error) return accept_failed(error);
      admit(std::move(socket));
      accept_next();
    });
  }

  // Out of descriptors: the spare one lets us take connections off the backlog and close them, so that it does not stay
  // full of peers that wait in vain.
  void accept_failed(const boost::system::error_code& error) {
    if (error.value() == EMFILE || error.value() == ENFILE) {
      ++counters_.exhausted;
      ::close(std::exchange(spare_, -1));
      for (int taken = 0; taken < kBacklogTurn && close_next(); ++taken) {
      }
      spare_ = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    }
    pause_.expires_after(kPause);
    pause_.async_wait([this](const boost::system::error_code& cancelled) {
      if (!cancelled) accept_next();
    });
  }

  // From the backlog, with a word if there is still time for it.
  bool close_next() {
    const int fd = ::accept4(listener_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) return false;
    const TurnAway word = encode_turn_away(budget_->turn(std::chrono::steady_clock::now()));
    static_cast<void>(::send(fd, word.data(), word.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
    ::close(fd);
    return true;
  }

  void admit(Tcp::socket socket) {
    boost::system::error_code error;
    const auto endpoint = socket.remote_endpoint(error);
    if (error) return;
    const PeerKey peer = key_of(endpoint);
    const auto now = std::chrono::steady_clock::now();
    switch (door_->judge(peer)) {
      case DoorList::Answer::kFull: return turn_away(std::move(socket), counters_.refused_cap, kFullFor);
      case DoorList::Answer::kSourceFull: return turn_away(std::move(socket), counters_.refused_source, kFullFor);
      case DoorList::Answer::kWelcome: break;
    }
    // Open streams come first: what new ones cost is bounded in number at a time and in a second.
    if (door_->at_work(now) >= max_handshakes_) {
      return turn_away(std::move(socket), counters_.refused_handshakes, budget_->turn(now));
    }
    if (!budget_->take(now)) return turn_away(std::move(socket), counters_.refused_rate, budget_->turn(now));
    hand_over(std::move(socket), peer, now);
  }

  void hand_over(Tcp::socket socket, const PeerKey& peer, DoorList::Time now) {
    boost::system::error_code error;
    const int kept = ::fcntl(socket.native_handle(), F_DUPFD_CLOEXEC, 0);
    if (kept < 0) return turn_away(std::move(socket), counters_.exhausted, budget_->turn(now));
    ++counters_.accepted;
    close_if_open(door_->admit(peer, kept, now, now + handshake_limit_));
    keep_alive(socket.native_handle());
    socket.native_non_blocking(true, error);  // gRPC reads until EAGAIN
    grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters connection;
    connection.listener_fd = -1;
    connection.fd = socket.release(error);
    server_->HandleNewConnection(&connection);
  }

  void turn_away(Tcp::socket socket, std::atomic<std::uint64_t>& counter, Milliseconds after) {
    ++counter;
    const TurnAway word = encode_turn_away(after);
    static_cast<void>(::send(socket.native_handle(), word.data(), word.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
    if (leaving_ < kMaxLeaving) std::make_shared<Leaving>(std::move(socket), leaving_)->run();
  }

  static void close_if_open(int fd) {
    if (fd >= 0) ::close(fd);
  }

  void sweep_later() {
    sweep_.expires_after(kSweep);
    sweep_.async_wait([this](const boost::system::error_code& error) {
      if (error) return;
      release_gone();
      end_overdue();
      sweep_later();
    });
  }
  // A handshake that failed frees its place at once: gRPC shut its own descriptor of the socket down.
  void release_gone() {
    const auto waiting = door_->waiting();
    std::vector<pollfd> ends;
    for (const auto& [peer, kept] : waiting) ends.push_back({kept, 0, 0});
    if (ends.empty() || ::poll(ends.data(), ends.size(), 0) <= 0) return;
    for (std::size_t i = 0; i < ends.size(); ++i) {
      if ((ends[i].revents & (POLLHUP | POLLERR)) == 0) continue;
      close_if_open(door_->gone(waiting[i].first));
      on_gone_(waiting[i].first.address);
    }
  }
  void end_overdue() {
    for (const int kept : door_->take_overdue(std::chrono::steady_clock::now())) {
      ++counters_.handshake_timeout;
      ::shutdown(kept, SHUT_RDWR);  // gRPC sees the end of the stream and frees its side
      ::close(kept);
    }
  }

  std::unique_ptr<Acceptor> server_;
  std::chrono::milliseconds handshake_limit_{};
  std::function<void(const IpAddress&)> on_gone_;
  std::optional<DoorList> door_;  // the thread's own while it runs, as what follows
  std::optional<AcceptBudget> budget_;
  std::size_t max_handshakes_ = 0, leaving_ = 0;
  Counters counters_;
  asio::io_context io_;
  Tcp::acceptor listener_;
  asio::steady_timer sweep_, pause_;
  int spare_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<AcceptShield> attach_accept_shield(grpc::ServerBuilder& builder,
                                                   const std::shared_ptr<grpc::ServerCredentials>& credentials) {
  auto acceptor = builder.experimental().AddExternalConnectionAcceptor(
      grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD, credentials);
  return std::make_unique<AsioShield>(std::move(acceptor));
}

}  // namespace ondol::rpc
