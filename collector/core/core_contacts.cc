// CollectorCore: proof of contact. A host that changed its own paths asks on a new connection whether it is still wanted
// so. See collector_core.h.
#include <fmt/format.h>

#include "collector/core/collector_core.h"

namespace ondol::collector {
namespace {

constexpr Milliseconds kSoon{1'000};
constexpr Seconds kConnectionLingers{60};  // after its stream: a port is not given again sooner

}  // namespace

void CollectorCore::on_contact(StreamId id, Stream& stream, session::Contact& contact) {
  const auto rival = challengers_.find(stream.host);
  const bool greeted = stream.state != nullptr || (rival != challengers_.end() && rival->second.stream == id);
  if (greeted || stream.contact) return close(id, "a contact needs a connection of its own", kSoon);
  if (const std::string reason = refusal(stream); !reason.empty()) return refuse_identity(id, stream, reason);
  stream.contact = std::make_unique<session::Contact>(std::move(contact));
  const bool asks_ports = !stream.contact->inbound_ports.empty();
  if (!asks_ports || !objection(id, stream, *stream.contact).word.empty()) return answer(id, stream, {});
  effects_.push_back(TryPorts{id, stream.peer, stream.contact->inbound_ports});
}

void CollectorCore::on(PortsTried& tried) {
  const auto found = streams_.find(tried.asked_by);
  if (found == streams_.end() || found->second.closing || !found->second.contact) return;
  answer(tried.asked_by, found->second, std::move(tried.results));
}

// The session may be dead because of the very change: the contact proves itself. What is known must not contradict it.
CollectorCore::Objection CollectorCore::objection(StreamId id, const Stream& stream,
                                                  const session::Contact& contact) const {
  const HostState& state = *find_host(stream.host);
  const bool lingers = state.live || now_.boot - state.closed_at < kConnectionLingers;
  if (lingers && state.session_peer == stream.peer) {
    return {"same_connection", fmt::format("came on the session's connection ({}), which proves nothing", stream.peer)};
  }
  if (state.live && state.live->stream != id && state.live->instance_id != contact.instance_id) {
    return {"other_instance", "another agent process holds this host's session"};
  }
  if (contact.phase == session::ContactPhase::kBefore) return {};
  if (contact.generation < state.desired.generation) {
    return {"superseded", fmt::format("superseded by generation {}", state.desired.generation.value)};
  }
  if (contact.generation != state.desired.generation || contact.generation.value == 0) {
    return {"never_offered", fmt::format("generation {} was never offered", contact.generation.value)};
  }
  return {};
}

// What was true when the ports were asked for may have changed while they were tried: it is judged again.
void CollectorCore::answer(StreamId id, Stream& stream, std::vector<trial::ProbeResult> inbound) {
  const auto contact = std::move(stream.contact);
  const Objection objection = this->objection(id, stream, *contact);
  session::ContactReply reply;
  reply.generation = contact->generation;
  reply.inbound = std::move(inbound);
  reply.reason = objection.text;
  reply.confirmed = objection.word.empty() && contact->phase == session::ContactPhase::kAfter;
  if (objection.word.empty()) {
    ++counters_.contacts[reply.confirmed ? "confirmed" : "before"];
  } else {
    ++counters_.contacts[objection.word];
    tell(Notice::kContactRefused, stream.host,
         fmt::format("generation {} from {}: {}", contact->generation.value, stream.peer, objection.text));
  }
  stream.closing = true;
  effects_.push_back(AnswerContact{id, std::move(reply)});
}

}  // namespace ondol::collector
