// One bidirectional stream over gRPC's completion queue. The queue's thread only posts; every decision and all state
// are on the loop thread.
#include <grpcpp/alarm.h>
#include <grpcpp/generic/generic_stub.h>

#include <deque>
#include <thread>

#include "agent/session/client_channel.h"
#include "agent/session/describe_status.h"
#include "agent/session/session_link.h"
#include "common/rpc/byte_buffer.h"
#include "common/rpc/call_lifetime.h"
#include "common/rpc/turn_away.h"
#include "common/wire/session_wire.h"

namespace ondol::agent {
namespace {

constexpr char kMethod[] = "/ondol.v1.AgentSession/Connect";
constexpr std::chrono::seconds kPatience{10};

// One attempt at a session. Each started operation holds a reference through its tag.
class Call : public std::enable_shared_from_this<Call> {
 public:
  enum class Op { kStart, kRead, kWrite, kFinish, kConnectLimit };
  struct Tag {
    std::shared_ptr<Call> call;
    Op op;
  };

  Call(std::shared_ptr<grpc::Channel> channel, grpc::CompletionQueue* queue, SessionCallbacks& callbacks)
      : stub_(std::move(channel)), queue_(queue), callbacks_(callbacks) {}

  void start() {
    stream_ = stub_.PrepareCall(&context_, kMethod, queue_);
    stream_->StartCall(tag(Op::kStart));
    limit_.Set(queue_, std::chrono::system_clock::now() + kPatience, tag(Op::kConnectLimit));
  }
  void send(const session::ToCollector& message) {
    if (life_.is_ending()) return;
    outbox_.emplace_back(message);
    write_next();
  }
  void cancel() {
    limit_.Cancel();
    context_.TryCancel();
  }
  // Messages that are not yet on their way whole.
  std::size_t queued() const { return outbox_.size() + (outbox_.empty() && life_.is_writing() ? 1 : 0); }

  void completed(Op op, bool ok) {
    switch (op) {
      case Op::kStart: return started(ok);
      case Op::kRead: return read_done(ok);
      case Op::kWrite: return write_done(ok);
      case Op::kFinish: return finished();
      case Op::kConnectLimit:
        if (ok && !open_) cancel();  // not ok: the alarm was cancelled because the stream opened or ended
        return;
    }
  }

 private:
  Tag* tag(Op op) { return new Tag{shared_from_this(), op}; }

  void started(bool ok) {
    limit_.Cancel();
    if (!ok) return end();
    open_ = true;
    read_next();
    callbacks_.on_open();
    write_next();
  }
  void read_next() {
    if (life_.start_read()) stream_->Read(&incoming_, tag(Op::kRead));
  }
  void read_done(bool ok) {
    life_.read_done(ok);
    if (!ok) return end();
    auto message = frames_.take(rpc::flatten(incoming_));
    incoming_.Clear();
    if (!message) {
      bad_input_ = "the collector sent " + render(message.error());
      cancel();
      return end();
    }
    if (*message) callbacks_.on_message(std::move(**message));
    // The next message is asked for only now: the loop took the last one.
    life_.is_ending() ? end() : read_next();
  }
  void write_next() {
    while (!outbox_.empty() && outbox_.front().done()) outbox_.pop_front();
    if (!open_ || outbox_.empty() || !life_.start_write()) return;
    stream_->Write(rpc::to_buffer(outbox_.front().next()), tag(Op::kWrite));
  }
  void write_done(bool ok) {
    life_.write_done(ok);
    ok && !life_.is_ending() ? write_next() : end();
  }
  // What is still under way fails by itself and comes back here; then Finish, once.
  void end() {
    life_.ask_finish();
    outbox_.clear();
    if (!life_.start_finish()) return;
    limit_.Cancel();
    stream_->Finish(&status_, tag(Op::kFinish));
  }
  void finished() {
    life_.finish_done();
    CallEnding ending = bad_input_.empty() ? describe(status_, open_) : CallEnding{bad_input_, false};
    if (const auto back = rpc::take_turn_away(); back && !open_) {
      ending = {"turned away before TLS: the collector takes no more connections now", false};
      callbacks_.on_message(session::Goodbye{"no more connections now", *back});
    }
    callbacks_.on_closed(std::move(ending.reason), ending.refused);
  }

  grpc::GenericStub stub_;
  grpc::CompletionQueue* queue_;
  SessionCallbacks& callbacks_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream_;
  grpc::Alarm limit_;
  grpc::Status status_;
  grpc::ByteBuffer incoming_;
  wire::CollectorFrames frames_;
  std::deque<wire::Frames> outbox_;
  std::string bad_input_;
  rpc::CallLifetime life_{rpc::CallLifetime::Side::kClient};
  bool open_ = false;
};

class GrpcSessionLink final : public SessionLink {
 public:
  GrpcSessionLink(PostToLoop post, SessionCallbacks callbacks)
      : post_(std::move(post)), callbacks_(std::move(callbacks)), alive_(std::make_shared<bool>(true)) {
    thread_ = std::thread([this] { poll(); });
  }
  // No callback comes after this.
  ~GrpcSessionLink() override {
    *alive_ = false;
    if (call_) call_->cancel();
    call_.reset();
    queue_.Shutdown();
    thread_.join();
  }

  void open(const SessionTarget& target) override {
    auto channel = make_client_channel(target);
    if (!channel) {
      post_([this, alive = alive_, error = channel.error()] {
        if (*alive) callbacks_.on_closed(render(error), true);
      });
      return;
    }
    call_ = std::make_shared<Call>(std::move(*channel), &queue_, callbacks_);
    call_->start();
  }
  void send(const session::ToCollector& message) override {
    if (call_) call_->send(message);
  }
  std::size_t queued() const override { return call_ ? call_->queued() : 0; }
  void close() override {
    if (call_) call_->cancel();
  }

 private:
  void poll() {
    void* raw = nullptr;
    bool ok = false;
    while (queue_.Next(&raw, &ok)) {
      std::shared_ptr<Call::Tag> tag(static_cast<Call::Tag*>(raw));
      post_([tag, ok, alive = alive_] {
        if (*alive) tag->call->completed(tag->op, ok);
      });
    }
  }

  PostToLoop post_;
  SessionCallbacks callbacks_;
  std::shared_ptr<bool> alive_;  // read and written on the loop thread only
  grpc::CompletionQueue queue_;
  std::shared_ptr<Call> call_;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<SessionLink> make_grpc_session_link(PostToLoop post, SessionCallbacks callbacks) {
  return std::make_unique<GrpcSessionLink>(std::move(post), std::move(callbacks));
}

}  // namespace ondol::agent
