#include "collector/session/agent_stream.h"

#include <fmt/format.h>
#include <grpc/grpc_security_constants.h>

#include <algorithm>
#include <utility>

#include "common/pki/certificate.h"
#include "common/rpc/status_mapping.h"

namespace ondol::collector {
namespace {

constexpr char kMethod[] = "/ondol.v1.AgentSession/Connect";

std::string flatten(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  if (!buffer.Dump(&slices).ok()) return {};
  std::string bytes;
  bytes.reserve(buffer.Length());
  for (const grpc::Slice& slice : slices) bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return bytes;
}

}  // namespace

Result<PeerIdentity> read_identity(const grpc::ServerContext& context) {
  const auto facts_of_call = context.auth_context();
  const auto pem = facts_of_call->FindPropertyValues(GRPC_X509_PEM_CERT_PROPERTY_NAME);
  if (pem.size() != 1) return fail(Errc::kRefused, "the call carries no client certificate");
  auto certificate = pki::parse_certificate(std::string(pem.front().data(), pem.front().size()));
  if (!certificate) return fail(certificate.error());
  auto facts = pki::certificate_facts(*certificate);
  if (!facts) return fail(facts.error());
  if (!facts->host || !facts->client_auth || facts->is_ca) {
    return fail(Errc::kRefused, "the client certificate does not name exactly one host", context.peer(),
                "enrol the agent again");
  }
  return PeerIdentity{*facts->host, facts->serial, context.peer()};
}

void AgentStream::Op::completed(bool ok) { stream->completed(kind, ok); }

AgentStream::AgentStream(ConnectionId id, grpc::AsyncGenericService& service, rpc::QueueLoop& loop,
                         const StreamCallbacks& callbacks)
    : id_(id), service_(service), loop_(loop), callbacks_(callbacks), stream_(&context_) {
  for (std::size_t kind = 0; kind < kKinds; ++kind) {
    ops_[kind].stream = this;
    ops_[kind].kind = static_cast<Kind>(kind);
  }
}

void* AgentStream::start(Kind kind) {
  if (pending_++ == 0) self_ = shared_from_this();
  return static_cast<rpc::Operation*>(&ops_[kind]);
}

void AgentStream::completed(Kind kind, bool ok) {
  const auto keep = self_;
  if (--pending_ == 0) self_.reset();
  switch (kind) {
    case kCalled:
      if (ok) called();
      return;  // not ok: the server is going down
    case kRead: return read_done(ok);
    case kWritten:
      writing_ = false;
      if (!ok) return finish({grpc::StatusCode::CANCELLED, "the connection ended"});
      farewell_ && outbox_.empty() && !sending_ ? finish(*farewell_) : write_next();
      return;
    case kFinished: return;
    case kDone:
      ended_ = true;
      if (reason_.empty()) reason_ = context_.IsCancelled() ? "the connection ended" : "the agent closed its stream";
      if (opened_) callbacks_.on_ended(id_, identity_, reason_);
      else callbacks_.on_ended(id_, std::nullopt, reason_);
      return;
    case kKinds: return;
  }
}

void AgentStream::request() {
  // AsyncNotifyWhenDone must be asked for before the call arrives; it counts only once the call did.
  context_.AsyncNotifyWhenDone(static_cast<rpc::Operation*>(&ops_[kDone]));
  service_.RequestCall(&context_, &stream_, loop_.queue(), loop_.queue(), start(kCalled));
}

void AgentStream::called() {
  start(kDone);
  callbacks_.on_called();
  if (context_.method() != kMethod) return finish({grpc::StatusCode::UNIMPLEMENTED, "this door knows one method"});
  auto identity = read_identity(context_);
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
  reading_ = true;
  stream_.Read(&incoming_, start(kRead));
}

void AgentStream::read_done(bool ok) {
  reading_ = false;
  if (!ok || finishing_ || ended_) {  // the agent half-closed or is gone
    if (!finishing_ && !ended_) finish(farewell_.value_or(grpc::Status::OK));
    return;
  }
  callbacks_.on_counted(true);
  std::string bytes = flatten(incoming_);
  incoming_.Clear();
  if (auto accepted = accept(std::move(bytes)); !accepted) {
    callbacks_.on_bad_input();
    reason_ = render(accepted.error());
    return finish(rpc::to_status(accepted.error()));
  }
  // The next message is asked for only after the core took this one: that is the flow control.
  if (!finishing_) read_next();
}

Result<void> AgentStream::accept(std::string bytes) {
  auto message = frames_.take(bytes);
  if (!message) return fail(message.error());
  if (!*message) return {};
  if (!greeted_) {
    ONDOL_TRY(check_hello(**message));
    greeted_ = true;
  } else if (std::holds_alternative<session::Hello>(**message)) {
    return fail(Errc::kInvalidInput, "a second Hello on one stream");
  }
  callbacks_.on_message(id_, std::move(**message));
  return {};
}

Result<void> AgentStream::check_hello(const session::ToCollector& message) {
  const auto* hello = std::get_if<session::Hello>(&message);
  if (hello == nullptr) return fail(Errc::kInvalidInput, "the first message must be Hello");
  if (hello->host != identity_->host) {
    return fail(Errc::kRefused, fmt::format("the certificate is {}'s, the message speaks for {}", identity_->host.value,
                                            hello->host.value));
  }
  return {};
}

void AgentStream::send(const session::ToAgent& message) {
  if (finishing_ || ended_ || farewell_) return;
  // Newest value only: an older one of the same kind that was not begun is dropped.
  std::erase_if(outbox_, [&message](const session::ToAgent& waiting) { return waiting.index() == message.index(); });
  outbox_.push_back(message);
  write_next();
}

void AgentStream::close(const std::string& reason, std::chrono::milliseconds retry_after) {
  if (finishing_ || ended_ || farewell_) return;
  reason_ = reason;
  outbox_.clear();
  outbox_.push_back(session::Goodbye{reason, retry_after});
  farewell_ = grpc::Status(grpc::StatusCode::UNAVAILABLE, reason);
  write_next();
}

void AgentStream::cancel() {
  if (!ended_) context_.TryCancel();
}

void AgentStream::write_next() {
  if (writing_ || finishing_ || ended_) return;
  if (sending_ && sending_->done()) sending_.reset();
  if (!sending_ && !outbox_.empty()) {
    sending_.emplace(outbox_.front());
    outbox_.pop_front();
  }
  if (!sending_) {
    if (farewell_) finish(*farewell_);
    return;
  }
  writing_ = true;
  callbacks_.on_counted(false);
  grpc::Slice slice(sending_->next());
  stream_.Write(grpc::ByteBuffer(&slice, 1), start(kWritten));
}

void AgentStream::finish(const grpc::Status& status) {
  if (finishing_) return;
  if (reason_.empty() && !status.ok()) reason_ = status.error_message();
  if (writing_) {  // Finish may not be beside a Write: the write's end comes back here
    farewell_ = status;
    outbox_.clear();
    sending_.reset();
    return;
  }
  finishing_ = true;
  stream_.Finish(status, start(kFinished));
}

}  // namespace ondol::collector
