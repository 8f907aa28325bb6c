// One agent's stream on the server: its lifetime, its outbox, its rules of entry.
#pragma once

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>

#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "collector/session/identity_cache.h"
#include "collector/session/session_server.h"
#include "common/rpc/call_lifetime.h"
#include "common/rpc/queue_loop.h"
#include "common/wire/session_wire.h"

namespace ondol::collector {

class AgentStream;

// What a stream tells its server.
struct StreamCallbacks {
  std::function<Result<PeerIdentity>(const grpc::ServerContext&)> identify;
  std::function<void()> on_called;  // it was taken by a call: the server asks for the next one
  std::function<Result<void>(std::shared_ptr<AgentStream>, ConnectionId, const PeerIdentity&)> on_open;
  std::function<void(ConnectionId, session::ToCollector)> on_message;
  std::function<void(ConnectionId, const std::optional<PeerIdentity>&, const std::string& reason)> on_ended;
  std::function<void()> on_bad_input;
  std::function<void(std::weak_ptr<AgentStream>)> on_ending;  // it wants to end: cancel it if it does not in time
  std::function<void(std::weak_ptr<AgentStream>)> on_contact;  // it is no session: cancel it if it lasts
  std::function<void(bool in)> on_counted;  // one message in or out
};

// Lifetime: self-owned from request() on; freed when the call is done and every started operation came back.
// Thread: the loop's.
class AgentStream : public std::enable_shared_from_this<AgentStream> {
 public:
  AgentStream(ConnectionId id, grpc::AsyncGenericService& service, rpc::QueueLoop& loop, const StreamCallbacks& callbacks);

  void hold(std::shared_ptr<int> token) { token_ = std::move(token); }  // released when the stream is freed
  void request();  // waits for a call
  void send(const session::ToAgent& message);
  void close(const std::string& reason, std::chrono::milliseconds retry_after);
  void answer(const session::ContactReply& reply);  // the only message of a contact's stream, which then ends well
  void cancel();
  bool is_contact() const { return contact_; }

 private:
  enum Kind : std::size_t { kCalled, kRead, kWritten, kFinished, kDone, kKinds };
  struct Op final : rpc::Operation {
    AgentStream* stream = nullptr;
    Kind kind = kCalled;
    void completed(bool ok) override;
  };

  void* tag(Kind kind);  // keeps this alive until nothing is under way
  void completed(Kind kind, bool ok);
  void called();
  void done();
  void read_next();
  void read_done(bool ok);
  void write_done(bool ok);
  Result<void> accept(const std::string& bytes);
  Result<void> check_first(const session::ToCollector& message);
  void write_next();
  void finish(const grpc::Status& status);
  void finish_if_clear();

  ConnectionId id_;
  grpc::AsyncGenericService& service_;
  rpc::QueueLoop& loop_;
  const StreamCallbacks& callbacks_;
  grpc::GenericServerContext context_;
  grpc::GenericServerAsyncReaderWriter stream_;
  std::array<Op, kKinds> ops_;
  std::shared_ptr<int> token_;
  rpc::CallLifetime life_{rpc::CallLifetime::Side::kServer};
  std::shared_ptr<AgentStream> self_;  // while anything is under way

  std::optional<PeerIdentity> identity_;
  wire::AgentFrames frames_;
  grpc::ByteBuffer incoming_;
  std::deque<session::ToAgent> outbox_;  // newest of each kind
  std::optional<wire::Frames> sending_;
  std::optional<grpc::Status> farewell_;  // finish with it once the outbox is empty
  std::string reason_;
  bool opened_ = false, greeted_ = false, contact_ = false, ended_ = false;
};

}  // namespace ondol::collector
