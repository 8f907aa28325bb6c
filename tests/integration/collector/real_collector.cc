#include "tests/integration/collector/real_collector.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <grpcpp/grpcpp.h>
#include <poll.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

namespace ondol::collector {
namespace {

constexpr int kReadyMs = 60'000;

int free_port() {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  close(fd);
  return ntohs(address.sin_port);
}

int notify_socket(const std::string& path) {
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  return fd;
}

}  // namespace

RealCollector::RealCollector(int state_mib)
    : agents_port_(free_port()), enroll_port_(free_port()), metrics_port_(free_port()) {
  std::string name = (std::filesystem::temp_directory_path() / "ondol-collector-XXXXXX").string();
  folder_ = mkdtemp(name.data());
  write_config();
  if (state_mib > 0) {
    std::filesystem::create_directory(folder_ / "state");
    const std::string size = "size=" + std::to_string(state_mib) + "m";
    mounted_ = mount("tmpfs", (folder_ / "state").c_str(), "tmpfs", 0, size.c_str()) == 0;
    EXPECT_TRUE(mounted_) << "needs root";
  }
  notify_ = notify_socket(folder_ / "notify");
}

RealCollector::~RealCollector() {
  if (process_ != 0) kill();
  close(notify_);
  if (mounted_) umount2((folder_ / "state").c_str(), MNT_DETACH);
  std::filesystem::remove_all(folder_);
}

void RealCollector::write_config() {
  std::ofstream out(folder_ / "collector.yaml");
  out << "state_dir: " << (folder_ / "state").string() << "\n"
      << "agents: { listen: \"" << agents_address() << "\", heartbeat: 1s }\n"
      << "enroll: { listen: \"" << enroll_address() << "\" }\n"
      << "admin: { socket: " << (folder_ / "admin.sock").string() << ", group: root }\n"
      << "metrics: { listen: \"127.0.0.1:" << metrics_port_ << "\" }\n";
}

std::string RealCollector::agents_address() const { return "127.0.0.1:" + std::to_string(agents_port_); }
std::string RealCollector::enroll_address() const { return "127.0.0.1:" + std::to_string(enroll_port_); }

void RealCollector::start(unsigned long descriptors) {
  const std::string binary = ONDOL_BINARY_DIR "/bin/ondol-collector";
  const std::string config = folder_ / "collector.yaml", notify = folder_ / "notify", log = folder_ / "log";
  process_ = fork();
  if (process_ == 0) {
    setenv("NOTIFY_SOCKET", notify.c_str(), 1);
    if (freopen(log.c_str(), "a", stderr) == nullptr) _exit(126);
    const rlimit limit{descriptors, descriptors};
    if (descriptors > 0 && setrlimit(RLIMIT_NOFILE, &limit) != 0) _exit(125);
    execl(binary.c_str(), binary.c_str(), "--config", config.c_str(), nullptr);
    _exit(127);
  }
  ASSERT_NE(wait_for_notice("READY=1"), "") << std::ifstream(log).rdbuf();
  admin_ = v1::Admin::NewStub(grpc::CreateChannel("unix:" + (folder_ / "admin.sock").string(),
                                                  grpc::InsecureChannelCredentials()));
}

std::string RealCollector::wait_for_notice(const std::string& wanted) {
  char buffer[4096];
  pollfd ready{notify_, POLLIN, 0};
  while (poll(&ready, 1, kReadyMs) == 1) {
    const ssize_t size = recv(notify_, buffer, sizeof buffer, 0);
    const std::string text(buffer, size > 0 ? static_cast<std::size_t>(size) : 0);
    if (text.find(wanted) != std::string::npos) return text;
  }
  return "";
}

void RealCollector::kill() {
  ::kill(process_, SIGKILL);
  waitpid(std::exchange(process_, 0), nullptr, 0);
  admin_.reset();
}

int RealCollector::stop() {
  int status = 0;
  ::kill(process_, SIGTERM);
  waitpid(std::exchange(process_, 0), &status, 0);
  admin_.reset();
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

v1::Admin::Stub& RealCollector::admin() { return *admin_; }

void RealCollector::import(const std::vector<std::string>& hosts) {
  v1::ImportCmdbRequest request;
  std::string csv = "name,cluster,phase,app_type,app_group,app,service_code,owner,rack,labels\n";
  for (const std::string& host : hosts) csv += host + ",seoul-1,live,,,settlement,,,,\n";
  request.set_csv(csv);
  v1::ImportCmdbReply reply;
  grpc::ClientContext context;
  const auto status = admin_->ImportCmdb(&context, request, &reply);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(reply.errors_size(), 0);
}

std::string RealCollector::create_token(const std::string& host) {
  v1::CreateTokenRequest request;
  request.set_host(host);
  v1::CreateTokenReply reply;
  grpc::ClientContext context;
  const auto status = admin_->CreateToken(&context, request, &reply);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return reply.token();
}

void RealCollector::revoke(const std::string& host) {
  v1::RevokeHostRequest request;
  request.set_host(host);
  v1::RevokeHostReply reply;
  grpc::ClientContext context;
  const auto status = admin_->RevokeHost(&context, request, &reply);
  EXPECT_TRUE(status.ok()) << status.error_message();
}

grpc::Status RealCollector::try_apply(const std::string& global_yaml, v1::ConfigReply& reply) {
  v1::ConfigRequest request;
  v1::LayerFile& file = *request.add_files();
  file.set_path("layers/global.yaml");
  file.set_content(global_yaml);
  grpc::ClientContext context;
  return admin_->ApplyConfig(&context, request, &reply);
}

v1::ConfigReply RealCollector::apply(const std::string& global_yaml) {
  v1::ConfigReply reply;
  const auto status = try_apply(global_yaml, reply);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return reply;
}

v1::GetStatusReply RealCollector::status() {
  v1::GetStatusReply reply;
  grpc::ClientContext context;
  const auto status = admin_->GetStatus(&context, {}, &reply);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return reply;
}

v1::HostSummary RealCollector::show(const std::string& host) {
  v1::ShowHostRequest request;
  request.set_host(host);
  v1::ShowHostReply reply;
  grpc::ClientContext context;
  const auto status = admin_->ShowHost(&context, request, &reply);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return reply.summary();
}

std::vector<v1::Drift> RealCollector::drift(bool with_closed) {
  v1::ListDriftRequest request;
  request.set_with_closed(with_closed);
  v1::ListDriftReply reply;
  grpc::ClientContext context;
  const auto status = admin_->ListDrift(&context, request, &reply);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return {reply.drifts().begin(), reply.drifts().end()};
}

std::string RealCollector::metrics() const {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(metrics_port_));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  const std::string request = "GET /metrics HTTP/1.0\r\n\r\n";
  EXPECT_EQ(write(fd, request.data(), request.size()), static_cast<ssize_t>(request.size()));
  std::string page;
  char buffer[4096];
  for (ssize_t n = 0; (n = read(fd, buffer, sizeof buffer)) > 0;) page.append(buffer, static_cast<std::size_t>(n));
  close(fd);
  return page;
}

}  // namespace ondol::collector
