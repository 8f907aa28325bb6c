#include "agent/local/local_client.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

namespace ondol::agent {
namespace {

constexpr std::size_t kMaxAnswer = 4u << 20;

class Connection {
 public:
  explicit Connection(int fd) : fd_(fd) {}
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() {
    if (fd_ >= 0) ::close(fd_);
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

Result<void> connect_to(int fd, const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return fail(Errc::kInvalidInput, "the path of the socket is too long", path);
  std::memcpy(address.sun_path, path.data(), path.size());
  const timeval limit{25, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return {};
  if (errno == ENOENT || errno == ECONNREFUSED) {
    return fail(Errc::kUnavailable, "no agent is running here", path, "systemctl start ondol-agent, or give --local-socket");
  }
  return fail(Errc::kRefused, std::string("cannot connect: ") + std::strerror(errno), path, "be root or of group ondol");
}

}  // namespace

Result<LocalAnswered> send_local(const std::string& path, const std::string& verb) {
  const Connection connection(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connection.fd() < 0) return fail(Errc::kIo, std::strerror(errno), path);
  ONDOL_TRY(connect_to(connection.fd(), path));
  const std::string request = nlohmann::json{{"verb", verb}}.dump() + "\n";
  if (::send(connection.fd(), request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size())) {
    return fail(Errc::kIo, std::string("cannot ask: ") + std::strerror(errno), path);
  }
  std::string bytes;
  char buffer[16'384];
  for (ssize_t n = 0; (n = ::recv(connection.fd(), buffer, sizeof buffer, 0)) > 0 && bytes.size() < kMaxAnswer;) {
    bytes.append(buffer, static_cast<std::size_t>(n));
  }
  const auto answer = nlohmann::json::parse(bytes, nullptr, false);
  if (!answer.is_object() || !answer.contains("ok") || !answer["ok"].is_boolean()) {
    return fail(Errc::kUnavailable, "the agent gave no answer within 25 s", path);
  }
  const auto text = answer.value("text", nlohmann::json(""));
  return LocalAnswered{answer["ok"].get<bool>(), text.is_string() ? text.get<std::string>() : "",
                       answer.contains("status") ? answer["status"].dump() : ""};
}

}  // namespace ondol::agent
