// What a collector says and keeps, one line each, as stories tell it.
#pragma once

#include <fmt/format.h>

#include <string>

#include "common/base/overload.h"
#include "tests/fakes/collector_stage.h"

namespace ondol::collector {

inline const char* word_of(Notice notice) {
  switch (notice) {
    case Notice::kCloneRefused: return "clone_refused";
    case Notice::kIdentityRefused: return "identity_refused";
    case Notice::kHostSilent: return "host_silent";
    case Notice::kHostRebooted: return "host_rebooted";
    case Notice::kHostStuck: return "host_stuck";
    case Notice::kContested: return "drift_contested";
    case Notice::kEventsLost: return "host_events_lost";
    case Notice::kGenerationRefused: return "generation_refused";
    case Notice::kEventsRenumbered: return "host_events_renumbered";
    case Notice::kStoreFailed: return "store_failed";
    case Notice::kStoreHealed: return "store_healed";
    case Notice::kWriteRefused: return "store_write_refused";
    case Notice::kContactRefused: return "contact_refused";
    case Notice::kTrialRolledBack: return "trial_rolled_back";
  }
  return "?";
}

inline std::string render_reply(const session::ContactReply& reply) {
  std::string text = fmt::format("generation {} {}", reply.generation.value, reply.confirmed ? "confirmed" : "not confirmed");
  if (!reply.reason.empty()) text += ": " + reply.reason;
  for (const auto& port : reply.inbound) text += fmt::format(", {} {}", trial::render(port.target), port.green ? "green" : port.text);
  return text;
}

inline std::string render_message(const session::ToAgent& message) {
  return std::visit(
      Overload{[](const session::Welcome& m) {
                 return fmt::format("welcome: events to {} are stored, {}, offered {}", m.durable_event.value,
                                    m.held.empty() ? "no value held" : "a value held", m.offered.value);
               },
               [](const session::EventAck& m) { return fmt::format("events to {} are stored", m.durable.value); },
               [](const session::ValueAck&) { return std::string("value is stored"); },
               [](const session::ValueRequest&) { return std::string("say your value"); },
               [](const session::DesiredOffer& m) { return fmt::format("offer {}", m.state.generation.value); },
               [](const session::Goodbye& m) { return "goodbye: " + m.reason; },
               [](const session::ContactReply& m) { return render_reply(m); }},
      message);
}

inline std::string render_drift(const CollectorStage& stage) {
  std::string out;
  for (const auto& [id, drift] : stage.drifts_) {
    out += fmt::format("{} {} {} {} count {}: {}\n", id.value, drift.host.value, to_string(drift.kind),
                       to_string(drift.outcome), drift.count, render(drift));
  }
  return out.empty() ? "no drift\n" : out;
}

inline std::string render_hosts(CollectorStage& stage) {
  std::string out;
  for (const auto& [host, state] : stage.core().hosts()) {
    out += fmt::format("{} {}{}{}: offered {} received {} applied {} running {}, {} missing {} changed {} extra, {} lost\n",
                       host.value, to_string(state.liveness), state.silence_reason.empty() ? "" : " ",
                       state.silence_reason, state.desired.generation.value, state.status.received.value,
                       state.status.applied.value, state.status.running.value, state.counts.missing,
                       state.counts.changed, state.counts.extra, state.lost);
  }
  return out;
}

}  // namespace ondol::collector
