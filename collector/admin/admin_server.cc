#include "collector/admin/admin_server.h"

namespace ondol::collector {
namespace {

constexpr int kMostRequestBytes = 64 << 20;  // layers or a CSV
constexpr int kMostThreads = 96;             // 64 watches and some calls
constexpr auto kGrace = std::chrono::seconds(1);

}  // namespace

Result<std::unique_ptr<AdminServer>> AdminServer::open(AdminService::Parts parts, const rpc::UnixRelayOptions& socket) {
  std::unique_ptr<AdminServer> server(new AdminServer(std::move(parts)));
  grpc::ServerBuilder builder;
  builder.RegisterService(&server->service_);
  builder.SetMaxReceiveMessageSize(kMostRequestBytes);
  grpc::ResourceQuota quota("admin");
  quota.SetMaxThreads(kMostThreads);
  builder.SetResourceQuota(quota);
  builder.SetSyncServerOption(grpc::ServerBuilder::SyncServerOption::NUM_CQS, 1);
  server->relay_ = rpc::attach_unix_relay(builder);
  server->server_ = builder.BuildAndStart();
  if (!server->server_) return fail(Errc::kIo, "the admin service cannot be started");
  ONDOL_TRY(server->relay_->open(socket));
  return server;
}

void AdminServer::stop() {
  if (relay_) relay_->stop();
  if (server_) {
    server_->Shutdown(std::chrono::system_clock::now() + kGrace);
    server_->Wait();
  }
  server_.reset();
}

}  // namespace ondol::collector
