// One gRPC stream of a simulated host on a TLS connection of its own: whole messages in and out.
#pragma once

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "common/rpc/call_lifetime.h"
#include "common/rpc/queue_loop.h"
#include "common/wire/session_wire.h"

namespace ondol::bench {

struct StreamEvents {
  std::function<void()> on_open;
  std::function<void(session::ToAgent)> on_message;
  std::function<void(const std::string& reason)> on_closed;  // exactly once
};

// Lifetime: self-owned from start() until on_closed. Thread: the queue's.
class SimStream : public std::enable_shared_from_this<SimStream> {
 public:
  SimStream(std::shared_ptr<grpc::Channel> channel, grpc::CompletionQueue& queue, StreamEvents events);

  void read_nothing() { deaf_ = true; }  // before start
  void start();
  void send(const session::ToCollector& message);
  void cancel() { context_.TryCancel(); }

 private:
  enum Kind : std::size_t { kStarted, kRead, kWritten, kFinished, kKinds };
  struct Op final : rpc::Operation {
    SimStream* stream = nullptr;
    Kind kind = kStarted;
    void completed(bool ok) override { stream->completed(kind, ok); }
  };

  void* tag(Kind kind);
  void completed(Kind kind, bool ok);
  void opened(bool ok);
  void read_done(bool ok);
  void write_done(bool ok);
  void read_next();
  void write_next();
  void end();

  grpc::GenericStub stub_;
  grpc::CompletionQueue& queue_;
  StreamEvents events_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream_;
  std::array<Op, kKinds> ops_;
  grpc::Status status_;
  grpc::ByteBuffer incoming_;
  wire::CollectorFrames frames_;
  std::deque<wire::Frames> outbox_;
  rpc::CallLifetime life_{rpc::CallLifetime::Side::kClient};
  std::shared_ptr<SimStream> self_;
  bool open_ = false, deaf_ = false;
};

}  // namespace ondol::bench
