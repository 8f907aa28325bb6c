// Serves the operators' calls on the unix socket, and nowhere else.
#pragma once

#include <memory>

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

  AdminService service_;
  std::unique_ptr<rpc::UnixRelay> relay_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace ondol::collector
