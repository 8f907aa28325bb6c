#include "agent/local/local_server.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <nlohmann/json.hpp>
#include <utility>

namespace ondol::agent {
namespace {

namespace asio = boost::asio;
using Socket = asio::local::stream_protocol::socket;
using boost::system::error_code;
using nlohmann::json;

constexpr std::size_t kMaxCallers = 16;
constexpr std::size_t kMaxRequest = 4096;  // bytes
constexpr std::chrono::seconds kAskWithin{5}, kAnswerWithin{20};  // a rollback is answered when it is done

std::string encoded(const LocalReply& reply) {
  json body{{"ok", reply.accepted}, {"text", reply.text}};
  if (!reply.status.empty()) body["status"] = json::parse(reply.status, nullptr, false);
  return body.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace

struct LocalServer::Shared {
  Shared(asio::io_context& loop, LocalHandler answer) : acceptor(loop), handler(std::move(answer)) {}
  asio::local::stream_protocol::acceptor acceptor;
  LocalHandler handler;
  std::size_t callers = 0;
  std::string path;
};

namespace {

// One call: read a line, ask, write a line, close.
template <typename Server>
class Caller : public std::enable_shared_from_this<Caller<Server>> {
 public:
  Caller(Socket socket, std::shared_ptr<Server> server)
      : socket_(std::move(socket)), deadline_(socket_.get_executor()), server_(std::move(server)) {
    ++server_->callers;
  }
  Caller(const Caller&) = delete;
  Caller& operator=(const Caller&) = delete;
  ~Caller() { --server_->callers; }

  void start() {
    close_after(kAskWithin);
    asio::async_read_until(socket_, asio::dynamic_buffer(request_, kMaxRequest), '\n',
                           [self = this->shared_from_this()](const error_code& error, std::size_t) {
                             error ? self->close() : self->ask();
                           });
  }

 private:
  void ask() {
    const json request = json::parse(request_, nullptr, false);
    if (!request.is_object() || !request.contains("verb") || !request["verb"].is_string()) {
      return answer({false, "write one line like {\"verb\":\"status\"}", {}});
    }
    LocalCall call{request["verb"].get<std::string>(), {}};
    ucred peer{};
    socklen_t size = sizeof peer;
    const bool known = ::getsockopt(socket_.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0;
    const bool may_change = known && (peer.uid == 0 || peer.uid == ::geteuid());
    if (call.verb != "status" && !may_change) {
      return answer({false, "only root and the agent's own user may " + call.verb, {}});
    }
    call.who = "uid " + std::to_string(peer.uid) + " (pid " + std::to_string(peer.pid) + ")";
    close_after(kAnswerWithin);
    server_->handler(call, [self = this->shared_from_this()](LocalReply reply) { self->answer(std::move(reply)); });
  }

  void answer(LocalReply reply) {
    if (!reply_.empty()) return;
    reply_ = encoded(reply);
    asio::async_write(socket_, asio::buffer(reply_),
                      [self = this->shared_from_this()](const error_code&, std::size_t) { self->close(); });
  }

  void close_after(std::chrono::seconds limit) {
    deadline_.expires_after(limit);
    deadline_.async_wait([self = this->shared_from_this()](const error_code& error) {
      if (!error) self->close();
    });
  }

  void close() {
    error_code ignored;
    socket_.close(ignored);
    deadline_.cancel();
  }

  Socket socket_;
  asio::steady_timer deadline_;
  std::shared_ptr<Server> server_;
  std::string request_, reply_;
};

template <typename Server>
void accept_next(const std::shared_ptr<Server>& server) {
  server->acceptor.async_accept([server](const error_code& error, Socket socket) {
    if (error == asio::error::operation_aborted) return;
    if (!error && server->callers < kMaxCallers) std::make_shared<Caller<Server>>(std::move(socket), server)->start();
    accept_next(server);
  });
}

bool is_answered(asio::io_context& loop, const std::string& path) {
  Socket probe(loop);
  error_code error;
  probe.connect(asio::local::stream_protocol::endpoint(path), error);
  return !error;
}

}  // namespace

Result<std::unique_ptr<LocalServer>> LocalServer::open(asio::io_context& loop, const std::string& path,
                                                       LocalHandler handler) {
  if (path.size() >= sizeof(sockaddr_un{}.sun_path)) return fail(Errc::kInvalidInput, "the path of the socket is too long", path);
  if (is_answered(loop, path)) return fail(Errc::kConflict, "another agent answers on this socket", path);
  ::unlink(path.c_str());
  auto shared = std::make_shared<Shared>(loop, std::move(handler));
  shared->path = path;
  error_code error;
  const asio::local::stream_protocol::endpoint endpoint(path);
  shared->acceptor.open(endpoint.protocol(), error);
  if (!error) shared->acceptor.bind(endpoint, error);
  if (!error && ::chmod(path.c_str(), 0660) != 0) error = error_code(errno, boost::system::system_category());
  if (!error) shared->acceptor.listen(static_cast<int>(kMaxCallers), error);
  if (error) return fail(Errc::kIo, "cannot listen: " + error.message(), path);
  accept_next(shared);
  return std::unique_ptr<LocalServer>(new LocalServer(std::move(shared)));
}

LocalServer::~LocalServer() {
  error_code ignored;
  shared_->acceptor.close(ignored);
  ::unlink(shared_->path.c_str());
}

}  // namespace ondol::agent
