// The machine at the other end of the link, in a namespace of its own, with services that a test gives it.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>

#include <functional>

#include "tests/fixtures/network_namespace.h"

namespace ondol::probes {

class NeighbourHost {
 public:
  NeighbourHost() : pid_(fork_ready([] { return unshare(CLONE_NEWNET) == 0; }, [] { pause(); })) {}
  ~NeighbourHost() {
    for (const pid_t child : services_) end(child);
    end(pid_);
  }
  NeighbourHost(const NeighbourHost&) = delete;
  NeighbourHost& operator=(const NeighbourHost&) = delete;

  void run(const std::string& command) { fixtures::run("nsenter -t " + std::to_string(pid_) + " -n sh -ec '" + command + "'"); }
  pid_t pid() const { return pid_; }

  // Listens there, and answers each datagram by what `reply` makes of it.
  void serve_udp(const std::string& address, std::uint16_t port, const std::function<std::string(std::string)>& reply) {
    int fd = -1;
    services_.push_back(fork_ready([&] { return (fd = listen_at(SOCK_DGRAM, address, port)) >= 0; },
                                   [&] { answer_for_ever(fd, reply); }));
  }
  void accept_tcp(const std::string& address, std::uint16_t port) {
    services_.push_back(fork_ready([&] { return listen_at(SOCK_STREAM, address, port) >= 0; }, [] { pause(); }));
  }

 private:
  // Returns when `prepare` is done in the child.
  static pid_t fork_ready(const std::function<bool()>& prepare, const std::function<void()>& then) {
    int pipe_ends[2];
    EXPECT_EQ(pipe(pipe_ends), 0);
    const pid_t child = fork();
    if (child == 0) {
      const char done = prepare() ? 'y' : 'n';
      (void)!write(pipe_ends[1], &done, 1);
      then();
      _exit(0);
    }
    char done = 0;
    EXPECT_EQ(read(pipe_ends[0], &done, 1), 1);
    EXPECT_EQ(done, 'y') << std::strerror(errno);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    return child;
  }

  static void end(pid_t child) {
    kill(child, SIGKILL);
    fixtures::wait_for(child);
  }

  int listen_at(int type, const std::string& address, std::uint16_t port) const {
    const int space = open(("/proc/" + std::to_string(pid_) + "/ns/net").c_str(), O_RDONLY);
    if (setns(space, CLONE_NEWNET) != 0) return -1;
    const int fd = socket(AF_INET, type, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    inet_pton(AF_INET, address.c_str(), &at.sin_addr);
    if (bind(fd, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0) return -1;
    return type == SOCK_DGRAM || listen(fd, 8) == 0 ? fd : -1;
  }

  static void answer_for_ever(int fd, const std::function<std::string(std::string)>& reply) {
    char buffer[2048];
    while (true) {
      sockaddr_in from{};
      socklen_t size = sizeof from;
      const ssize_t n = recvfrom(fd, buffer, sizeof buffer, 0, reinterpret_cast<sockaddr*>(&from), &size);
      if (n < 0) return;
      const std::string bytes = reply(std::string(buffer, static_cast<std::size_t>(n)));
      sendto(fd, bytes.data(), bytes.size(), 0, reinterpret_cast<const sockaddr*>(&from), size);
    }
  }

  pid_t pid_;
  std::vector<pid_t> services_;
};

}  // namespace ondol::probes
