#include "common/wire/session_wire.h"

#include <algorithm>

#include "common/base/overload.h"
#include "common/wire/bounds.h"
#include "common/wire/routes_wire.h"
#include "common/wire/session_convert.h"
#include "common/wire/trial_wire.h"

namespace ondol::wire {
namespace {

// 256 events with two multipath values each; nothing legitimate is deeper than 6.
constexpr Shape kFrameShape{40'000, 8};
constexpr std::size_t kMaxEventBytes = kMaxFrameBytes - 4096;

template <typename Message>
Result<Message> parsed(std::string_view frame) {
  if (frame.size() > kMaxFrameBytes) return fail(Errc::kLimit, "a message over 256 KiB");
  ONDOL_TRY(check_shape(frame, *Message::descriptor(), kFrameShape));
  Message message;
  if (!message.ParseFromArray(frame.data(), static_cast<int>(frame.size()))) {
    return fail(Errc::kCorrupt, "the message is not well-formed protobuf");
  }
  return message;
}

// Where the cutter's next slice belongs.
template <typename Chunk>
void place(Chunk& chunk, const SliceCutter& cutter) {
  chunk.set_index(cutter.index());
  chunk.set_count(cutter.count());
  chunk.set_total_bytes(cutter.total_bytes());
}

// Result<T> -> Result<optional<Variant>>.
template <typename Variant, typename T>
Result<std::optional<Variant>> whole(Result<T> value) {
  if (!value) return fail(std::move(value.error()));
  return std::optional<Variant>(Variant(*std::move(value)));
}

Result<std::optional<session::ToCollector>> whole_value(Result<std::optional<session::ValueReport>> value) {
  if (!value) return fail(std::move(value.error()));
  if (!*value) return std::optional<session::ToCollector>();
  return std::optional<session::ToCollector>(**std::move(value));
}

Result<std::optional<session::ToAgent>> whole_desired(Result<std::optional<DesiredState>> state) {
  if (!state) return fail(std::move(state.error()));
  if (!*state) return std::optional<session::ToAgent>();
  return std::optional<session::ToAgent>(session::DesiredOffer{**std::move(state)});
}

}  // namespace

Frames::Frames(const session::ToCollector& message) {
  v1::AgentMessage out;
  std::visit(Overload{
                 [&](const session::Hello& hello) { *out.mutable_hello() = to_wire(hello); },
                 [&](const session::Heartbeat& heartbeat) { *out.mutable_heartbeat() = to_wire(heartbeat); },
                 [&](const session::ValueReport& value) { cut(value); },
                 [&](const session::EventBatch& batch) { add_events(batch); },
                 [&](const session::GenerationStatus& status) { *out.mutable_status() = to_wire(status); },
                 [&](const session::Contact& contact) { *out.mutable_contact() = to_wire(contact); },
             },
             message);
  if (out.message_case() != v1::AgentMessage::MESSAGE_NOT_SET) add(out);
}

Frames::Frames(const session::ToAgent& message) {
  v1::CollectorMessage out;
  std::visit(Overload{
                 [&](const session::Welcome& welcome) { *out.mutable_welcome() = to_wire(welcome); },
                 [&](const session::EventAck& ack) { *out.mutable_event_ack() = to_wire(ack); },
                 [&](const session::ValueAck& ack) { *out.mutable_value_ack() = to_wire(ack); },
                 [&](const session::ValueRequest& request) { *out.mutable_value_request() = to_wire(request); },
                 [&](const session::DesiredOffer& offer) { cut(offer.state); },
                 [&](const session::Goodbye& goodbye) { *out.mutable_goodbye() = to_wire(goodbye); },
                 [&](const session::ContactReply& reply) { *out.mutable_contact_reply() = to_wire(reply); },
             },
             message);
  if (out.message_case() != v1::CollectorMessage::MESSAGE_NOT_SET) add(out);
}

void Frames::add(const v1::AgentMessage& message) { ready_.push_back(serialised(message)); }
void Frames::add(const v1::CollectorMessage& message) { ready_.push_back(serialised(message)); }

void Frames::add_events(const session::EventBatch& batch) {
  v1::AgentMessage out;
  out.mutable_events()->set_first_sequence(batch.first.value);
  out.mutable_events()->set_lost(batch.lost);
  std::size_t bytes = 0;
  for (const auto& event : batch.events) {
    v1::HostEvent wire_event = to_wire(event);
    const std::size_t cost = wire_event.ByteSizeLong() + 8;
    const auto held = static_cast<std::size_t>(out.events().events_size());
    if (held > 0 && (bytes + cost > kMaxEventBytes || held == session::kMaxEventsPerBatch)) {
      add(out);
      out.Clear();
      out.mutable_events()->set_first_sequence(event.sequence.value);
      bytes = 0;
    }
    bytes += cost;
    *out.mutable_events()->add_events() = std::move(wire_event);
  }
  add(out);
}

void Frames::cut(const session::ValueReport& value) {
  cutter_.emplace(value.payload);
  cut_next_ = [digest = std::string(as_bytes(value.digest))](SliceCutter& cutter) {
    v1::AgentMessage out;
    v1::ValueChunk& chunk = *out.mutable_value();
    chunk.set_type(v1::RESOURCE_TYPE_ROUTES);
    chunk.set_digest(digest);
    place(chunk, cutter);
    chunk.set_payload(cutter.next());
    return serialised(out);
  };
}

void Frames::cut(const DesiredState& state) {
  std::string payload = encode(state);
  v1::DesiredChunk same;
  same.set_generation(state.generation.value);
  same.set_total_objects(state.routes ? state.routes->routes.size() : 0);
  same.set_digest(std::string(as_bytes(sha256_of(payload))));
  cutter_.emplace(std::move(payload));
  cut_next_ = [same](SliceCutter& cutter) {
    v1::CollectorMessage out;
    v1::DesiredChunk& chunk = *out.mutable_desired() = same;
    place(chunk, cutter);
    chunk.set_complete(cutter.index() + 1 == cutter.count());
    chunk.set_payload(cutter.next());
    return serialised(out);
  };
}

std::string Frames::next() {
  if (ready_.empty()) return cut_next_(*cutter_);
  std::string frame = std::move(ready_.front());
  ready_.pop_front();
  return frame;
}

Result<std::optional<session::ToCollector>> AgentFrames::take(std::string_view frame) {
  const auto message = parsed<v1::AgentMessage>(frame);
  if (!message) return fail(message.error());
  using Kind = v1::AgentMessage;
  switch (message->message_case()) {
    case Kind::kHello: return whole<session::ToCollector>(from_wire(message->hello()));
    case Kind::kHeartbeat: return whole<session::ToCollector>(from_wire(message->heartbeat()));
    case Kind::kValue: return whole_value(values_.take(message->value()));
    case Kind::kEvents: return whole<session::ToCollector>(from_wire(message->events()));
    case Kind::kStatus: return whole<session::ToCollector>(from_wire(message->status()));
    case Kind::kContact: return whole<session::ToCollector>(from_wire(message->contact()));
    case Kind::MESSAGE_NOT_SET: break;
  }
  return fail(Errc::kInvalidInput, "a message of an unknown kind");
}

Result<std::optional<session::ToAgent>> CollectorFrames::take(std::string_view frame) {
  const auto message = parsed<v1::CollectorMessage>(frame);
  if (!message) return fail(message.error());
  using Kind = v1::CollectorMessage;
  switch (message->message_case()) {
    case Kind::kWelcome: return whole<session::ToAgent>(from_wire(message->welcome()));
    case Kind::kEventAck:
      return session::ToAgent(session::EventAck{EventSequence{message->event_ack().durable_sequence()}});
    case Kind::kValueAck: return whole<session::ToAgent>(from_wire(message->value_ack()));
    case Kind::kValueRequest: return whole<session::ToAgent>(from_wire(message->value_request()));
    case Kind::kDesired: return whole_desired(desired_.take(message->desired()));
    case Kind::kGoodbye: return whole<session::ToAgent>(from_wire(message->goodbye()));
    case Kind::kContactReply: return whole<session::ToAgent>(from_wire(message->contact_reply()));
    case Kind::MESSAGE_NOT_SET: break;
  }
  return fail(Errc::kInvalidInput, "a message of an unknown kind");
}

}  // namespace ondol::wire
