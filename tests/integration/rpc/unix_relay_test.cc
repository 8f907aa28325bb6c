#include "common/rpc/unix_relay.h"

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

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

std::string ask(const std::string& path) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  auto stub = v1::Admin::NewStub(
      grpc::CreateCustomChannel("unix:" + path, grpc::InsecureChannelCredentials(), arguments));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  v1::GetStatusReply reply;
  const grpc::Status status = stub->GetStatus(&context, {}, &reply);
  return status.ok() ? reply.caller() : "refused";
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

TEST_F(UnixRelayTest, TheServerKnowsWhoCalls) {
  start();
  ASSERT_TRUE(opened_) << render(opened_.error());
  const std::string answer = ask(path_);
  EXPECT_NE(answer.find(" " + std::to_string(getuid()) + " " + std::to_string(getpid())), std::string::npos) << answer;
}

TEST_F(UnixRelayTest, ASocketLeftByACrashIsReplaced) {
  start();
  relay_->stop();
  { std::ofstream(directory_ + "/other"); }
  server_->Shutdown();
  start();
  ASSERT_TRUE(opened_);
  EXPECT_NE(ask(path_), "refused");
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
  const pid_t child = fork();
  if (child == 0) {
    if (setgid(65534) != 0 || setuid(65534) != 0) _exit(3);
    execl("/proc/self/exe", "ask", path_.c_str(), nullptr);
    _exit(4);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 1) << "the call was answered";
}

}  // namespace ondol::rpc

// With a socket path as its only argument this program is the caller of the test above.
int main(int argc, char** argv) {
  if (argc == 2 && std::string(argv[0]) == "ask") return ondol::rpc::ask(argv[1]) == "refused" ? 1 : 0;
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
