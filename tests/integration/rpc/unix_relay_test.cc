#include "common/rpc/unix_relay.h"

#include <grp.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>

#include "ondol/v1/admin.grpc.pb.h"

namespace ondol::rpc {

class NameTheCaller final : public v1::Admin::Service {
  grpc::Status GetStatus(grpc::ServerContext* context, const v1::GetStatusRequest*, v1::GetStatusReply* reply) override {
    auto caller = caller_of(*context);
    reply->set_caller(caller ? caller->name + " " + std::to_string(caller->uid) + " " + std::to_string(caller->pid)
                             : render(caller.error()));
    return grpc::Status::OK;
  }
};

std::shared_ptr<grpc::Channel> channel_to(const std::string& path) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel("unix:" + path, grpc::InsecureChannelCredentials(), arguments);
}

std::string ask(const std::shared_ptr<grpc::Channel>& channel) {
  const auto stub = v1::Admin::NewStub(channel);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  v1::GetStatusReply reply;
  const grpc::Status status = stub->GetStatus(&context, {}, &reply);
  return status.ok() ? reply.caller() : "refused";
}

std::string ask(const std::string& path) { return ask(channel_to(path)); }

// Exit status of this program asking as nobody, with one more group: 0 answered, 1 refused.
int ask_as_nobody(const std::string& path, gid_t group) {
  const pid_t child = fork();
  if (child == 0) {
    if (setgroups(1, &group) != 0 || setgid(65534) != 0 || setuid(65534) != 0) _exit(3);
    execl("/proc/self/exe", "ask", path.c_str(), nullptr);
    _exit(4);
  }
  int status = 0;
  return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

class UnixRelayTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/ondol-relay-XXXXXX";
    directory_ = mkdtemp(name);
    chmod(directory_.c_str(), 0755);
    path_ = directory_ + "/admin.sock";
  }
  void start(const std::string& group = {}, std::size_t most = 64) {
    grpc::ServerBuilder builder;
    builder.RegisterService(&service_);
    relay_ = attach_unix_relay(builder);
    server_ = builder.BuildAndStart();
    ASSERT_NE(server_, nullptr);
    opened_ = relay_->open({path_, group, most});
  }
  void TearDown() override {
    if (relay_) relay_->stop();
    if (server_) server_->Shutdown();
    std::filesystem::remove_all(directory_);
  }

  std::string directory_, path_;
  NameTheCaller service_;
  std::unique_ptr<UnixRelay> relay_;
  std::unique_ptr<grpc::Server> server_;
  Result<void> opened_;
};

TEST_F(UnixRelayTest, WaitingForCallersEndsWhenOneIsConnected) {
  start();
  ASSERT_TRUE(opened_) << render(opened_.error());
  auto waited = std::async(std::launch::async, [this] { relay_->wait_for_callers(); });
  EXPECT_EQ(waited.wait_for(std::chrono::milliseconds(200)), std::future_status::timeout) << "nobody is there";
  const auto channel = channel_to(path_);
  EXPECT_NE(ask(channel), "refused");
  EXPECT_EQ(waited.wait_for(std::chrono::seconds(20)), std::future_status::ready);
}

TEST_F(UnixRelayTest, WaitingForCallersEndsWhenTheRelayIsStopped) {
  start();
  ASSERT_TRUE(opened_) << render(opened_.error());
  auto waited = std::async(std::launch::async, [this] { relay_->wait_for_callers(); });
  relay_->stop();
  EXPECT_EQ(waited.wait_for(std::chrono::seconds(20)), std::future_status::ready);
}

TEST_F(UnixRelayTest, TheServerKnowsWhoCalls) {
  start();
  ASSERT_TRUE(opened_) << render(opened_.error());
  const std::string answer = ask(path_);
  EXPECT_NE(answer.find(" " + std::to_string(getuid()) + " " + std::to_string(getpid())), std::string::npos) << answer;
}

TEST_F(UnixRelayTest, ASocketLeftByACrashIsReplaced) {
  const int left = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path_.copy(address.sun_path, sizeof(address.sun_path) - 1);
  ASSERT_EQ(bind(left, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  ASSERT_EQ(listen(left, 1), 0);
  close(left);
  ASSERT_TRUE(std::filesystem::is_socket(path_));
  start();
  ASSERT_TRUE(opened_) << render(opened_.error());
  EXPECT_NE(ask(path_), "refused");
}

TEST_F(UnixRelayTest, ASocketThatIsServedIsNotStolen) {
  start();
  ASSERT_TRUE(opened_);
  NameTheCaller service;
  grpc::ServerBuilder builder;
  builder.RegisterService(&service);
  auto second = attach_unix_relay(builder);
  const auto server = builder.BuildAndStart();
  const auto opened = second->open({path_, {}, 64});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::kAlreadyExists);
  EXPECT_NE(ask(path_), "refused") << "the first goes on";
  server->Shutdown();
}

TEST_F(UnixRelayTest, NobodyCanComeInByTheNameOfACaller) {
  start();
  const auto held = channel_to(path_);
  ASSERT_NE(ask(held), "refused");
  int named = 0;
  std::ifstream table("/proc/net/unix");
  for (std::string line; std::getline(table, line);) {
    if (line.find("@ondol-caller/") == std::string::npos) continue;
    ++named;
    EXPECT_EQ(line.find(" 00010000 "), std::string::npos) << "it listens: " << line;
  }
  EXPECT_GE(named, 1);
}

TEST_F(UnixRelayTest, AFileInTheWayIsLeftAloneAndNamed) {
  std::ofstream(path_) << "precious";
  start();
  ASSERT_FALSE(opened_);
  EXPECT_EQ(opened_.error().where, path_);
  EXPECT_TRUE(std::filesystem::is_regular_file(path_));
}

TEST_F(UnixRelayTest, AnUnknownGroupIsAnErrorWithARemedy) {
  start("no-such-group");
  ASSERT_FALSE(opened_);
  EXPECT_FALSE(opened_.error().remedy.empty());
}

TEST_F(UnixRelayTest, TheSocketIsClosedToOthers) {
  start();
  struct stat facts {};
  ASSERT_EQ(stat(path_.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777, 0660u);
}

TEST_F(UnixRelayTest, AUserOutsideTheGroupGetsNoAnswerEvenWithAnOpenMode) {
  if (getuid() != 0) FAIL() << "needs root: it calls as another user";
  start();
  chmod(path_.c_str(), 0666);
  EXPECT_EQ(ask_as_nobody(path_, 65534), 1) << "the call was answered";
}

TEST_F(UnixRelayTest, AMemberOfTheGroupIsAnsweredAlsoWhenItIsNotItsFirstGroup) {
  if (getuid() != 0) FAIL() << "needs root: it calls as another user";
  start("daemon");
  ASSERT_TRUE(opened_) << render(opened_.error());
  EXPECT_EQ(ask_as_nobody(path_, getgrnam("daemon")->gr_gid), 0);
  EXPECT_EQ(ask_as_nobody(path_, 65534), 1);
}

}  // namespace ondol::rpc

// With a socket path as its only argument this program is the caller of the test above.
int main(int argc, char** argv) {
  if (argc == 2 && std::string(argv[0]) == "ask") return ondol::rpc::ask(argv[1]) == "refused" ? 1 : 0;
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
