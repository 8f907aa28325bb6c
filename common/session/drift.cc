#include "common/session/drift.h"

#include <fmt/format.h>

#include <array>

#include "common/base/overload.h"

namespace ondol::session {
namespace {

using routes::RouteState;

constexpr std::array kOutcomes{DriftOutcome::kOpen, DriftOutcome::kRepaired, DriftOutcome::kResolved,
                               DriftOutcome::kAccepted, DriftOutcome::kContested};

// What the kernel's defaults make clear is left out: "10.20.0.0/16", "10.20.0.0/16 table 100 metric 5".
std::string render_briefly(const routes::RouteKey& key) {
  std::string text = ondol::render(key.destination);
  if (key.source) text += " from " + ondol::render(*key.source);
  if (key.table != routes::kMainTable) text += fmt::format(" table {}", key.table);
  const std::uint32_t usual = key.destination.address.family == Family::kIpv4 ? routes::kDefaultMetricIpv4
                                                                              : routes::kDefaultMetricIpv6;
  if (key.metric != usual) text += fmt::format(" metric {}", key.metric);
  return text;
}

std::string render_duration(Nanoseconds d) {
  const double ms = static_cast<double>(d.count()) / 1e6;
  if (ms < 0.1) return fmt::format("{:.0f} us", ms * 1e3);
  if (ms < 10) return fmt::format("{:.1f} ms", ms);
  if (ms < 1000) return fmt::format("{:.0f} ms", ms);
  if (ms < 60'000) return fmt::format("{:.1f} s", ms / 1e3);
  if (ms < 3'600'000) return fmt::format("{:.0f} min", ms / 60e3);
  return fmt::format("{:.1f} h", ms / 3'600e3);
}

std::string render_by(const std::optional<Author>& author) {
  return " by " + (author ? ondol::render(*author) : std::string("an unknown process"));
}

std::string render_value(const std::optional<routes::RouteValue>& value) {
  return value ? escaped(routes::render(*value)) : std::string("nothing");
}

std::string render_change(const routes::RouteKey& key, ChangeKind kind, const std::optional<Author>& author,
                          const std::optional<routes::RouteValue>& after) {
  const std::string subject = render_briefly(key);
  switch (kind) {
    case ChangeKind::kAdded: return subject + " " + render_value(after) + " added" + render_by(author);
    case ChangeKind::kReplaced: return subject + " replaced with " + render_value(after) + render_by(author);
    case ChangeKind::kRemoved: return subject + " removed" + render_by(author);
    case ChangeKind::kVanished:
      return subject + " vanished without a word from the kernel" + (author ? ", blamed on " + ondol::render(*author) : "");
  }
  return subject;
}

std::string render_found(const DriftRecord& drift) {
  const std::string subject = render_briefly(drift.key);
  switch (drift.kind) {
    case DriftKind::kMissing: return subject + " is missing: wanted " + render_value(drift.desired);
    case DriftKind::kExtra: return subject + " " + render_value(drift.observed) + " is in no layer";
    case DriftKind::kChanged:
      return subject + " is " + render_value(drift.observed) + ", wanted " + render_value(drift.desired);
  }
  return subject;
}

std::string render_state(const DriftRecord& drift) {
  const std::string reason = escaped(drift.reason);
  if (drift.state == RouteState::kWaiting) return "; waiting: " + (reason.empty() ? "for its link" : reason);
  if (drift.state == RouteState::kConflict && drift.kind == DriftKind::kChanged && reason.empty()) {
    return "; conflict: the key was never ours";
  }
  return reason.empty() ? "" : "; not repaired: " + reason;
}

std::string render_outcome(const DriftRecord& drift) {
  const auto lasted = drift.closed ? *drift.closed - drift.opened : Nanoseconds{};
  switch (drift.outcome) {
    case DriftOutcome::kOpen: return render_state(drift);
    case DriftOutcome::kRepaired: return "; back after " + render_duration(drift.repair_latency);
    case DriftOutcome::kResolved: return "; resolved after " + render_duration(lasted);
    case DriftOutcome::kAccepted: return "; accepted by a change of intent";
    case DriftOutcome::kContested:
      return "; contested, left alone" + (drift.reason.empty() ? "" : ": " + escaped(drift.reason));
  }
  return "";
}

std::string render_repair(const RouteRepair& repair) {
  const std::string subject = render_briefly(repair.key);
  const std::string reason = repair.reason.empty() ? "" : ": " + escaped(repair.reason);
  switch (repair.outcome) {
    case RepairOutcome::kRepaired: return subject + " put back after " + render_duration(repair.latency);
    case RepairOutcome::kFailed: return subject + " could not be put back" + reason;
    case RepairOutcome::kWaiting: return subject + " waits" + reason;
    case RepairOutcome::kContested: return subject + " is contested and left alone" + reason;
    case RepairOutcome::kHeld: return subject + " not put back, held" + reason;
    case RepairOutcome::kReportOnly: return subject + " only reported" + reason;
  }
  return subject;
}

// "on trial for 60 s: a note; green before: collector, gateway 10.0.0.1"
std::string render_begin(const GenerationResult& result, const std::string& note) {
  std::string text = fmt::format("on trial for {} s{}", std::chrono::ceil<Seconds>(result.deadline).count(), note);
  for (const trial::ProbeResult& probe : result.probes) {
    text += (&probe == &result.probes.front() ? "; green before: " : ", ") + escaped(trial::render(probe.target));
  }
  return text;
}

// "; 2 of 3 probes green, not tcp 10.0.0.5:22 (bastion): timed out"; nothing when none was made.
std::string render_probes(const GenerationResult& result) {
  std::string red;
  std::size_t green = 0;
  for (const trial::ProbeResult& probe : result.probes) {
    if (probe.green) {
      ++green;
    } else {
      red += ", not " + escaped(trial::render(probe.target)) + (probe.text.empty() ? "" : ": " + escaped(probe.text));
    }
  }
  return result.probes.empty() ? "" : fmt::format("; {} of {} probes green{}", green, result.probes.size(), red);
}

std::string render_result(const GenerationResult& result) {
  std::string text = fmt::format("generation {} ", result.generation.value);
  const std::string reason = result.reason.empty() ? "" : ": " + escaped(result.reason);
  switch (result.outcome) {
    case GenerationOutcome::kConfirmed:
      return text + fmt::format("confirmed: {} added, {} replaced, {} removed in {}", result.added, result.replaced,
                                result.removed, render_duration(result.duration)) + render_probes(result);
    case GenerationOutcome::kRefused: return text + "refused" + reason;
    case GenerationOutcome::kRolledBack: return text + "rolled back" + reason + render_probes(result);
    case GenerationOutcome::kTrial: return text + render_begin(result, reason);
  }
  return text;
}

}  // namespace

std::string_view to_string(DriftOutcome outcome) {
  switch (outcome) {
    case DriftOutcome::kOpen: return "open";
    case DriftOutcome::kRepaired: return "repaired";
    case DriftOutcome::kResolved: return "resolved";
    case DriftOutcome::kAccepted: return "accepted";
    case DriftOutcome::kContested: return "contested";
  }
  return "unknown";
}

std::optional<DriftOutcome> drift_outcome_from(std::string_view word) {
  for (const DriftOutcome outcome : kOutcomes) {
    if (to_string(outcome) == word) return outcome;
  }
  return std::nullopt;
}

std::string render(const DriftRecord& drift) {
  std::string text = drift.change ? render_change(drift.key, *drift.change, drift.author, drift.observed)
                                  : render_found(drift);
  text += render_outcome(drift);
  if (drift.count > 1) text += fmt::format(" ({} times)", drift.count);
  return text;
}

std::string render(const HostEvent& event) {
  const auto notice = [](const ObserverNotice& n) {
    return std::string(to_string(n.type)) + ": " + escaped(n.what) + (n.detail.empty() ? "" : ": " + escaped(n.detail));
  };
  return std::visit(Overload{[](const RouteChange& c) { return render_change(c.key, c.kind, c.author, c.after); },
                             [](const RouteRepair& r) { return render_repair(r); },
                             [](const GenerationResult& g) { return render_result(g); }, notice},
                    event.what);
}

}  // namespace ondol::session
