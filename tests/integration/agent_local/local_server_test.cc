#include "agent/local/local_server.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "agent/local/local_client.h"
#include "tests/fixtures/scratch_dir.h"

namespace ondol::agent {
namespace {

class ALocalSocket : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = LocalServer::open(loop_, path(), [this](const LocalCall& call, const LocalAnswer& answer) {
      calls_.push_back(call);
      answer({call.verb != "nonsense", "did " + call.verb, call.verb == "status" ? R"({"ready":true})" : ""});
    });
    ASSERT_TRUE(opened) << render(opened.error());
    server_ = std::move(*opened);
    thread_ = std::thread([this] { loop_.run(); });
  }
  void TearDown() override {
    loop_.stop();
    if (thread_.joinable()) thread_.join();
  }
  std::string path() const { return scratch_ / "agent.sock"; }

  // What the server says to raw bytes.
  std::string say(const std::string& bytes) {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path().copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
    ::shutdown(fd, SHUT_WR);
    std::string answer;
    char buffer[512];
    for (ssize_t n = 0; (n = ::recv(fd, buffer, sizeof buffer, 0)) > 0;) answer.append(buffer, static_cast<std::size_t>(n));
    ::close(fd);
    return answer;
  }

  fixtures::ScratchDir scratch_;
  boost::asio::io_context loop_;
  std::unique_ptr<LocalServer> server_;
  std::vector<LocalCall> calls_;
  std::thread thread_;
};

TEST_F(ALocalSocket, AnswersWhatItIsAskedAndNamesTheCaller) {
  const auto status = send_local(path(), "status");
  ASSERT_TRUE(status) << render(status.error());
  EXPECT_EQ(status->status, R"({"ready":true})");
  EXPECT_TRUE(send_local(path(), "hold")->accepted);
  EXPECT_EQ(calls_.back().who, "uid " + std::to_string(::geteuid()) + " (pid " + std::to_string(::getpid()) + ")");
}

TEST_F(ALocalSocket, IsForItsOwnerAndGroupOnly) {
  struct stat facts {};
  ASSERT_EQ(::stat(path().c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0660U);
}

TEST_F(ALocalSocket, SurvivesGarbageOverlongLinesAndSilence) {
  EXPECT_NE(say("garbage\n").find("\"ok\":false"), std::string::npos);
  EXPECT_NE(say("{\"verb\":5}\n").find("\"ok\":false"), std::string::npos);
  EXPECT_NE(say("[[[[[[[[[[[[[\n").find("\"ok\":false"), std::string::npos);
  EXPECT_EQ(say(std::string(100'000, 'x')), "");
  EXPECT_EQ(say(""), "");
  EXPECT_TRUE(send_local(path(), "status"));
  EXPECT_EQ(calls_.size(), 1U);
}

TEST_F(ALocalSocket, IsNotTakenFromALivingAgentButFromADeadOne) {
  boost::asio::io_context other;
  EXPECT_EQ(LocalServer::open(other, path(), {}).error().code, Errc::kConflict);
  const std::string stale = scratch_ / "stale.sock";
  {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    stale.copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    ::close(fd);
  }
  EXPECT_TRUE(LocalServer::open(other, stale, {}));
}

TEST(ALocalClient, SaysThatNoAgentIsRunning) {
  EXPECT_EQ(send_local("/nonexistent/agent.sock", "status").error().code, Errc::kUnavailable);
}

TEST_F(ALocalSocket, LetsOthersAskButNotChange) {
  ASSERT_EQ(::geteuid(), 0U) << "this test becomes another user: run it as root";
  ASSERT_EQ(::chmod(scratch_.path().c_str(), 0755), 0);
  ASSERT_EQ(::chmod(path().c_str(), 0666), 0);  // as a member of the group would see it
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setuid(65534) != 0) ::_exit(9);
    const auto status = send_local(path(), "status");
    const auto hold = send_local(path(), "hold");
    ::_exit(status && status->accepted && hold && !hold->accepted ? 0 : 1);
  }
  int result = 0;
  ASSERT_EQ(::waitpid(child, &result, 0), child);
  EXPECT_EQ(result, 0);
  EXPECT_EQ(calls_.size(), 1U);
}

}  // namespace
}  // namespace ondol::agent
