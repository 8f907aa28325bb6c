#include "agent/session/contact_client.h"

#include <fmt/format.h>
#include <grpcpp/generic/generic_stub.h>

#include "agent/session/client_channel.h"
#include "agent/session/describe_status.h"
#include "common/base/overload.h"
#include "common/rpc/byte_buffer.h"
#include "common/wire/session_wire.h"

namespace ondol::agent {
namespace {

constexpr char kMethod[] = "/ondol.v1.AgentSession/Connect";

Result<session::ContactReply> unasked(std::string_view what) {
  return fail(Errc::kInvalidInput, fmt::format("the collector answered a contact with {}", what));
}

Result<session::ContactReply> reply_of(session::ToAgent message) {
  return std::visit(
      Overload{[](session::ContactReply& reply) { return Result<session::ContactReply>(std::move(reply)); },
               [](session::Goodbye& goodbye) -> Result<session::ContactReply> {
                 return fail(Errc::kRefused, "the collector refused the contact: " + goodbye.reason);
               },
               [](session::Welcome&) { return unasked("a welcome"); },
               [](session::EventAck&) { return unasked("an acknowledgement"); },
               [](session::ValueAck&) { return unasked("an acknowledgement"); },
               [](session::ValueRequest&) { return unasked("a request"); },
               [](session::DesiredOffer&) { return unasked("an offer"); }},
      message);
}

// One blocking call, step by step on a queue of its own. Each step waits: the deadline or a stop ends it.
class ContactCall {
 public:
  ContactCall(const std::shared_ptr<grpc::Channel>& channel, Milliseconds limit) : stub_(channel) {
    context_.set_deadline(std::chrono::system_clock::now() + limit);
  }
  ~ContactCall() {
    queue_.Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (queue_.Next(&tag, &ok)) {
    }
  }

  void cancel() { context_.TryCancel(); }  // thread: any

  Result<session::ContactReply> ask(const session::Contact& contact) {
    stream_ = stub_.PrepareCall(&context_, kMethod, &queue_);
    stream_->StartCall(this);
    if (!has_worked()) return ending(false);
    wire::Frames frames{session::ToCollector{contact}};
    while (!frames.done()) {
      stream_->Write(rpc::to_buffer(frames.next()), this);
      if (!has_worked()) break;  // refused already: the reason is there to be read, and Finish waits until it was
    }
    return read_reply();
  }

 private:
  bool has_worked() {
    void* tag = nullptr;
    bool ok = false;
    return queue_.Next(&tag, &ok) && ok;
  }

  Result<session::ContactReply> read_reply() {
    wire::CollectorFrames frames;
    for (;;) {
      grpc::ByteBuffer incoming;
      stream_->Read(&incoming, this);
      if (!has_worked()) return ending(true);
      auto message = frames.take(rpc::flatten(incoming));
      if (message && !*message) continue;
      auto reply = message ? reply_of(std::move(**message)) : Result<session::ContactReply>(fail(message.error()));
      cancel();  // what follows is of no interest
      return reply;
    }
  }

  Result<session::ContactReply> ending(bool was_open) {
    grpc::Status status;
    stream_->Finish(&status, this);
    static_cast<void>(has_worked());
    if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
      return fail(Errc::kUnavailable, was_open ? "the collector took the contact and gave no answer in time"
                                               : "no connection to the collector in time");
    }
    if (status.error_code() == grpc::StatusCode::CANCELLED) return fail(Errc::kInterrupted, "the contact was given up");
    const CallEnding ending = describe(status, was_open);
    return fail(ending.refused ? Errc::kRefused : Errc::kUnavailable, ending.reason);
  }

  grpc::GenericStub stub_;
  grpc::ClientContext context_;
  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> stream_;
};

}  // namespace

Result<session::ContactReply> make_contact(const SessionTarget& target, const session::Contact& contact,
                                           Milliseconds limit, std::stop_token stop) {
  auto channel = make_client_channel(target);
  if (!channel) return fail(channel.error());
  ContactCall call(*channel, limit);
  const std::stop_callback on_stop(stop, [&call] { call.cancel(); });
  return call.ask(contact);
}

}  // namespace ondol::agent
