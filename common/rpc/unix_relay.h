// A unix socket for gRPC whose callers have names: gRPC 1.51 cannot tell who calls, so we accept, read SO_PEERCRED
// and relay the bytes over a second socket that is bound to a name carrying the caller, which gRPC shows as peer().
#pragma once

#include <grpcpp/grpcpp.h>
#include <sys/types.h>

#include <cstddef>
#include <memory>
#include <string>

#include "common/base/result.h"

namespace ondol::rpc {

struct Caller {
  uid_t uid = 0;
  gid_t gid = 0;
  pid_t pid = 0;
  std::string name;  // of the user; the number when it has none
  bool operator==(const Caller&) const = default;
};

struct UnixRelayOptions {
  std::string path;                  // of the socket; a stale one is replaced, anything else there is an error
  std::string group;                 // may connect beside root and our own user; empty = nobody else
  std::size_t max_connections = 64;  // more are closed at once
};

// Thread: its own. Order: attach to the builder, BuildAndStart, open; stop before the server is destroyed.
class UnixRelay {
 public:
  virtual ~UnixRelay() = default;
  virtual Result<void> open(const UnixRelayOptions& options) = 0;
  virtual void stop() = 0;
  virtual void wait_for_callers() const = 0;  // returns while one is connected, and when stopped. Thread: any
};

// The server gets connections from this relay only; it listens on no port of its own.
std::unique_ptr<UnixRelay> attach_unix_relay(grpc::ServerBuilder& builder);

// Who calls. An error when the connection did not come through a relay.
Result<Caller> caller_of(const grpc::ServerContext& context);

}  // namespace ondol::rpc
