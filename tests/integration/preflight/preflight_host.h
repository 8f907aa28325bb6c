// A host with two links in a namespace of the test's own, and the preflight program beside it.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "agent/preflight/client.h"
#include "agent/preflight/read_host.h"
#include "tests/fixtures/scratch_dir.h"
#include "tests/integration/host_routes/route_host.h"

namespace ondol::preflight {

using routes::add;
using routes::observed;
using routes::remove;
using routes::replace;
using routes::Route;
using routes::route_nowhere;
using routes::route_to;
using routes::RouteOp;
using routes::RouteType;

inline const std::string kProgram = std::string(ONDOL_BINARY_DIR) + "/bin/ondol-preflight";

// The program as systemd starts it: in a network namespace of its own, with the socket that is listened on already.
class ActivatedProgram {
 public:
  explicit ActivatedProgram(const std::string& socket) {
    fd_ = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, socket.data(), socket.size());
    EXPECT_EQ(::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(fd_, 8), 0);
  }
  ~ActivatedProgram() {
    stop();
    ::close(fd_);
  }
  // In front: what makes the namespace.
  void start(const std::string& in_front = "unshare --net") {
    pid_ = fixtures::start("export LISTEN_PID=$$ LISTEN_FDS=1; exec " + in_front + " " + kProgram + " 3<&" +
                           std::to_string(fd_));
  }
  void stop() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::kill(pid_, SIGCONT);
    wait();
  }
  int wait() { return fixtures::wait_for(std::exchange(pid_, 0)); }
  pid_t pid() const { return pid_; }

 private:
  int fd_ = -1;
  pid_t pid_ = 0;
};

class PreflightHost : public routes::RouteHost {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(RouteHost::SetUp());
    fixtures::run(
        "ip link add eth1 type veth peer name peer1; ip link set peer1 up; ip link set eth1 up;"
        "ip address add 10.1.0.1/24 dev eth1; ip route add default via 10.0.0.254");
    settle_with(5);
    socket_path_ = dir_ / "preflight.sock";
    program_ = std::make_unique<ActivatedProgram>(socket_path_);
    program_->start();
  }

  // The kernel tells of carriers, and of IPv6 addresses that go with them, a little later: waits for so many links.
  void settle_with(std::ptrdiff_t running) {
    drain_until([&](const routes::Drained&) {
      const auto links = routes::RouteHost::socket_->links();
      const auto is_ready = [](const routes::Link& link) { return link.running && !link.addresses.empty(); };
      return links && std::ranges::count_if(*links, is_ready) == running;
    });
  }

  static std::string everything() {
    return fixtures::output_of(
        "ip -o link | cut -d: -f2; ip address | grep inet; ip route show table all; ip -6 route show table all;"
        "ip rule; ip -6 rule; ip nexthop");
  }

  // Whatever is asked, the host stays as it is.
  Verdict ask_host(const std::vector<RouteOp>& operations, const std::vector<trial::ReachTarget>& targets) {
    const std::string before = everything();
    const auto question = read_host(operations, targets);
    EXPECT_TRUE(question) << (question ? "" : render(question.error()));
    const auto verdict = preflight::ask(socket_path_, *question);
    EXPECT_TRUE(verdict) << (verdict ? "" : render(verdict.error()));
    // The way by which the agent asks compares the copy with the host besides.
    const auto compared = judge_in_scratch(socket_path_, operations, targets);
    EXPECT_TRUE(compared) << (compared ? "" : render(compared.error()));
    if (compared && verdict) {
      EXPECT_EQ(*compared, verdict->judgement);
    }
    EXPECT_EQ(everything(), before);
    return verdict ? *verdict : Verdict{};
  }

  void expect_allowed(const Verdict& verdict) {
    for (const auto& refusal : verdict.judgement.refusals) ADD_FAILURE() << refusal.operation << ": " << refusal.reason;
    for (const auto& note : verdict.judgement.notes) ADD_FAILURE() << "note: " << note;
  }

  void expect_refused(const Verdict& verdict, std::size_t operation, const std::string& reason) {
    for (const auto& note : verdict.judgement.notes) ADD_FAILURE() << "note: " << note;
    ASSERT_EQ(verdict.judgement.refusals.size(), 1U);
    EXPECT_EQ(verdict.judgement.refusals[0].operation, operation);
    EXPECT_EQ(verdict.judgement.refusals[0].reason, reason);
  }

  static trial::ReachTarget target(const std::string& name, const std::string& address, bool calls_us = false) {
    return {name, parse_address(address).value(), calls_us};
  }

  fixtures::ScratchDir dir_;
  std::string socket_path_;
  std::unique_ptr<ActivatedProgram> program_;
};

}  // namespace ondol::preflight
