// Serves the operators' calls on the unix socket, and nowhere else.
#pragma once

#include <memory>
#include <thread>

#include "collector/admin/admin_service.h"
#include "common/rpc/unix_relay.h"

namespace ondol::collector {

// Thread: gRPC's own; stop from any.
class AdminServer {
 public:
  // Errors: the socket cannot be made (path, group, another process listens).
  static Result<std::unique_ptr<AdminServer>> open(AdminService::Parts parts, const rpc::UnixRelayOptions& socket);
  ~AdminServer() { stop(); }
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;

  // Running calls get a second to end; watches end at once when the feed has stopped.
  void stop();

 private:
  explicit AdminServer(AdminService::Parts parts) : service_(std::move(parts)) {}
  void poll();

  AdminService service_;
  std::unique_ptr<rpc::UnixRelay> relay_;
  // All that polls in a process polls for all: a thread that waits for operators would take agents' heartbeats and hand
  // them to the shard's. So the calls' own queues do not poll; this one does, while somebody is connected.
  std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  std::unique_ptr<grpc::Server> server_;
  std::thread poller_;
};

}  // namespace ondol::collector
