#include "collector/admin/admin_server.h"

namespace ondol::collector {
namespace {

constexpr int kMostRequestBytes = 64 << 20;  // layers or a CSV
constexpr int kMostThreads = 96;             // 64 watches and some calls
constexpr auto kPoll = std::chrono::milliseconds(500);
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
  server->queue_ = builder.AddCompletionQueue();
  server->relay_ = rpc::attach_unix_relay(builder);
  server->server_ = builder.BuildAndStart();
  if (!server->server_) return fail(Errc::kIo, "the admin service cannot be started");
  server->poller_ = std::thread([self = server.get()] { self->poll(); });
  ONDOL_TRY(server->relay_->open(socket));
  return server;
}

// Nothing is ever started on the queue: asking it for something is what moves the bytes of all connections.
void AdminServer::poll() {
  void* tag = nullptr;
  bool ok = false;
  do {
    relay_->wait_for_callers();
  } while (queue_->AsyncNext(&tag, &ok, std::chrono::system_clock::now() + kPoll) != grpc::CompletionQueue::SHUTDOWN);
}

void AdminServer::stop() {
  if (relay_) relay_->stop();
  if (server_) {
    server_->Shutdown(std::chrono::system_clock::now() + kGrace);
    server_->Wait();
  }
  if (queue_) queue_->Shutdown();
  if (poller_.joinable()) poller_.join();
  server_.reset();
  queue_.reset();
}

}  // namespace ondol::collector
