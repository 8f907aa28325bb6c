#include "collector/session/agent_stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/rpc/byte_buffer.h"
#include "common/rpc/status_mapping.h"

namespace ondol::collector {
namespace {

constexpr char kMethod[] = "/ondol.v1.AgentSession/Connect";

}  // namespace

void AgentStream::Op::completed(bool ok) { stream->completed(kind, ok); }

AgentStream::AgentStream(ConnectionId id, grpc::AsyncGenericService& service, rpc::QueueLoop& loop,
                         const StreamCallbacks& callbacks)
    : id_(id), service_(service), loop_(loop), callbacks_(callbacks), stream_(&context_) {
  for (std::size_t kind = 0; kind < kKinds; ++kind) {
    ops_[kind].stream = this;
    ops_[kind].kind = static_cast<Kind>(kind);
  }
}

// The stream keeps itself while anything is under way.
void* AgentStream::tag(Kind kind) {
  self_ = shared_from_this();
  return static_cast<rpc::Operation*>(&ops_[kind]);
}

void AgentStream::completed(Kind kind, bool ok) {
  const auto keep = self_;
  switch (kind) {
    case kCalled:
      life_.came_back();
      if (ok) called();  // not ok: the server is going down
      break;
    case kRead: read_done(ok); break;
    case kWritten: write_done(ok); break;
    case kFinished: life_.finish_done(); break;
    case kDone:
      life_.came_back();
      done();
      break;
    case kKinds: break;
  }
  if (life_.may_free()) self_.reset();
}

void AgentStream::done() {
  ended_ = true;
  if (reason_.empty()) reason_ = context_.IsCancelled() ? "the connection ended" : "the agent closed its stream";
  callbacks_.on_ended(id_, opened_ ? identity_ : std::nullopt, reason_);
}

void AgentStream::request() {
  // AsyncNotifyWhenDone must be asked for before the call arrives; it counts only once the call did.
  context_.AsyncNotifyWhenDone(static_cast<rpc::Operation*>(&ops_[kDone]));
  life_.started();
  service_.RequestCall(&context_, &stream_, loop_.queue(), loop_.queue(), tag(kCalled));
}

void AgentStream::called() {
  life_.started();  // kDone
  callbacks_.on_called();
  if (context_.method() != kMethod) return finish({grpc::StatusCode::UNIMPLEMENTED, "this door knows one method"});
  auto identity = callbacks_.identify(context_);
  if (!identity) {
    callbacks_.on_bad_input();
    return finish({grpc::StatusCode::UNAUTHENTICATED, render(identity.error())});
  }
  identity_ = std::move(*identity);
  if (auto welcome = callbacks_.on_open(shared_from_this(), id_, *identity_); !welcome) return finish(rpc::to_status(welcome.error()));
  opened_ = true;
  read_next();
}

void AgentStream::read_next() {
  if (life_.start_read()) stream_.Read(&incoming_, tag(kRead));
}

void AgentStream::read_done(bool ok) {
  life_.read_done(ok);
  if (life_.is_ending() || ended_) return;
  if (!ok && contact_) return;  // it said all it had to say; its answer ends the stream, or the server's patience
  if (!ok) return finish(farewell_.value_or(grpc::Status::OK));  // the agent half-closed or is gone
  callbacks_.on_counted(true);
  const std::string bytes = rpc::flatten(incoming_);
  incoming_.Clear();
  if (auto accepted = accept(bytes); !accepted) {
    callbacks_.on_bad_input();
    return finish(rpc::to_status(accepted.error()));
  }
  // The next message is asked for only after the core took this one: that is the flow control.
  read_next();
}

void AgentStream::write_done(bool ok) {
  life_.write_done(ok);
  if (life_.is_ending()) return finish_if_clear();
  ok ? write_next() : finish({grpc::StatusCode::CANCELLED, "the connection ended"});
}

Result<void> AgentStream::accept(const std::string& bytes) {
  auto message = frames_.take(bytes);
  if (!message) return fail(message.error());
  if (!*message) return {};
  if (contact_) return fail(Errc::kInvalidInput, "nothing follows a contact on its connection");
  if (!greeted_) {
    ONDOL_TRY(check_first(**message));
    greeted_ = true;
    contact_ = std::holds_alternative<session::Contact>(**message);
    if (contact_) callbacks_.on_contact(weak_from_this());
  } else if (std::holds_alternative<session::Hello>(**message)) {
    return fail(Errc::kInvalidInput, "a second Hello on one stream");
  }
  callbacks_.on_message(id_, std::move(**message));
  return {};
}

Result<void> AgentStream::check_first(const session::ToCollector& message) {
  const auto* hello = std::get_if<session::Hello>(&message);
  const auto* contact = std::get_if<session::Contact>(&message);
  if (hello == nullptr && contact == nullptr) return fail(Errc::kInvalidInput, "the first message must be Hello or Contact");
  const HostId& host = hello != nullptr ? hello->host : contact->host;
  if (host == identity_->host) return {};
  return fail(Errc::kRefused, fmt::format("the certificate is {}'s, the message speaks for {}", identity_->host.value,
                                          host.value));
}

void AgentStream::send(const session::ToAgent& message) {
  if (life_.is_ending() || ended_ || farewell_) return;
  // Newest value only: an older one of the same kind that was not begun is dropped.
  std::erase_if(outbox_, [&message](const session::ToAgent& waiting) { return waiting.index() == message.index(); });
  outbox_.push_back(message);
  write_next();
}

void AgentStream::close(const std::string& reason, std::chrono::milliseconds retry_after) {
  if (life_.is_ending() || ended_ || farewell_) return;
  reason_ = reason;
  sending_.reset();  // the rest of a large value is of no use any more
  outbox_.clear();
  outbox_.push_back(session::Goodbye{reason, retry_after});
  farewell_ = grpc::Status(grpc::StatusCode::UNAVAILABLE, reason);
  callbacks_.on_ending(weak_from_this());
  write_next();
}

void AgentStream::answer(const session::ContactReply& reply) {
  if (life_.is_ending() || ended_ || farewell_) return;
  reason_ = "the contact was answered";
  outbox_.clear();
  outbox_.push_back(reply);
  farewell_ = grpc::Status::OK;
  callbacks_.on_ending(weak_from_this());
  write_next();
}

void AgentStream::cancel() {
  if (!ended_) context_.TryCancel();
}

void AgentStream::write_next() {
  if (sending_ && sending_->done()) sending_.reset();
  if (!sending_ && outbox_.empty()) {
    if (farewell_ && !life_.is_writing()) finish(*farewell_);
    return;
  }
  if (ended_ || !life_.start_write()) return;
  if (!sending_) {
    sending_.emplace(outbox_.front());
    outbox_.pop_front();
  }
  callbacks_.on_counted(false);
  stream_.Write(rpc::to_buffer(sending_->next()), tag(kWritten));
}

// With a write in flight the finish waits for it; a peer that never takes it is cut off by the server's patience.
void AgentStream::finish(const grpc::Status& status) {
  if (life_.is_ending()) return;
  if (reason_.empty() && !status.ok()) reason_ = status.error_message();
  if (!farewell_) callbacks_.on_ending(weak_from_this());
  farewell_ = status;
  outbox_.clear();
  sending_.reset();
  life_.ask_finish();
  finish_if_clear();
}

void AgentStream::finish_if_clear() {
  if (life_.start_finish()) stream_.Finish(*farewell_, tag(kFinished));
}

}  // namespace ondol::collector
