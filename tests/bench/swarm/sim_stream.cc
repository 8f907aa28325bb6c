#include "tests/bench/swarm/sim_stream.h"

#include "common/rpc/byte_buffer.h"

namespace ondol::bench {
namespace {

constexpr char kMethod[] = "/ondol.v1.AgentSession/Connect";

}  // namespace

SimStream::SimStream(std::shared_ptr<grpc::Channel> channel, grpc::CompletionQueue& queue,
                     StreamEvents events)
    : stub_(std::move(channel)), queue_(queue), events_(std::move(events)) {
  for (std::size_t kind = 0; kind < kKinds; ++kind) {
    ops_[kind].stream = this;
    ops_[kind].kind = static_cast<Kind>(kind);
  }
}

void* SimStream::tag(Kind kind) {
  self_ = shared_from_this();
  return static_cast<rpc::Operation*>(&ops_[kind]);
}

void SimStream::start() {
  stream_ = stub_.PrepareCall(&context_, kMethod, &queue_);
  life_.started();
  stream_->StartCall(tag(kStarted));
}

void SimStream::send(const session::ToCollector& message) {
  if (life_.is_ending()) return;
  outbox_.emplace_back(message);
  write_next();
}

void SimStream::completed(Kind kind, bool ok) {
  const auto keep = self_;
  switch (kind) {
    case kStarted:
      opened(ok);
      break;
    case kRead:
      read_done(ok);
      break;
    case kWritten:
      write_done(ok);
      break;
    case kFinished:
      life_.finish_done();
      events_.on_closed(status_.error_message());
      break;
    case kKinds:
      break;
  }
  if (life_.may_free()) self_.reset();
}

void SimStream::opened(bool ok) {
  life_.came_back();
  if (!ok) return end();
  open_ = true;
  if (!deaf_) read_next();
  events_.on_open();
  write_next();
}

void SimStream::read_next() {
  if (life_.start_read()) stream_->Read(&incoming_, tag(kRead));
}

void SimStream::read_done(bool ok) {
  life_.read_done(ok);
  if (!ok) return end();
  auto message = frames_.take(rpc::flatten(incoming_));
  incoming_.Clear();
  if (message && *message) events_.on_message(std::move(**message));
  if (!message) cancel();
  life_.is_ending() ? end() : read_next();
}

void SimStream::write_next() {
  while (!outbox_.empty() && outbox_.front().done()) outbox_.pop_front();
  if (!open_ || outbox_.empty() || !life_.start_write()) return;
  stream_->Write(rpc::to_buffer(outbox_.front().next()), tag(kWritten));
}

void SimStream::write_done(bool ok) {
  life_.write_done(ok);
  ok && !life_.is_ending() ? write_next() : end();
}

void SimStream::end() {
  life_.ask_finish();
  outbox_.clear();
  if (life_.start_finish()) stream_->Finish(&status_, tag(kFinished));
}

}  // namespace ondol::bench
