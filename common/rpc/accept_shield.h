// The door in front of gRPC: accepts TCP itself (libgrpc 1.51 goes deaf for good after descriptor exhaustion,
// CVE-2023-4785), counts and limits, and hands each socket over. Streams that open and end are told to it. Who is turned
// away is told when to come back (turn_away.h), before any work on TLS is done.
#pragma once

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "common/base/ip_prefix.h"
#include "common/base/result.h"

namespace ondol::rpc {

struct ShieldOptions {
  std::string listen;                  // "0.0.0.0:7443" or "[::]:7443"
  std::size_t max_connections = 15'000;  // pending and open together; below the descriptor limit
  std::size_t max_per_source = 64;       // the same, of one address
  std::size_t accepts_per_second = 1'000;  // new connections
  std::size_t max_handshakes = 64;         // under way at a time: what open streams may have to wait for
  std::chrono::milliseconds handshake_limit{5'000};  // from accept to an open stream
  // One that was let in and ended before it had a stream, as after a failed handshake. Called by the shield's thread.
  std::function<void(const IpAddress&)> on_gone = [](const IpAddress&) {};
};

struct ShieldCounters {  // monotonic
  std::uint64_t accepted = 0, refused_cap = 0, refused_source = 0, refused_rate = 0, refused_handshakes = 0;
  std::uint64_t handshake_timeout = 0, descriptors_exhausted = 0;
};

// Thread: its own; every member may be called from any thread.
class AcceptShield {
 public:
  virtual ~AcceptShield() = default;
  virtual Result<void> open(const ShieldOptions& options) = 0;  // after BuildAndStart
  virtual std::uint16_t port() const = 0;                       // the bound one, for listen "...:0"
  // peer is grpc::ServerContext::peer(): "ipv4:10.0.0.1:4711".
  virtual void stream_opened(const std::string& peer) = 0;
  virtual void stream_ended(const std::string& peer) = 0;
  virtual ShieldCounters counters() const = 0;
  virtual void stop() = 0;
};

std::unique_ptr<AcceptShield> attach_accept_shield(grpc::ServerBuilder& builder,
                                                   const std::shared_ptr<grpc::ServerCredentials>& credentials);

}  // namespace ondol::rpc
