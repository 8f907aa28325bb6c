#include "collector/cli/render/trial_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "collector/cli/render/route_view.h"
#include "collector/cli/render/time_text.h"
#include "common/resources/trial/trial.h"
#include "common/wire/trial_wire.h"

namespace ondol::cli {
namespace {

std::int64_t seconds_left(const v1::Trial& trial, WallTime now) {
  const Nanoseconds left = wall_from_unix_ns(trial.deadline_unix_ns()) - now;
  return std::max<std::int64_t>(std::chrono::ceil<Seconds>(left).count(), 0);
}

std::string target_text(const v1::ProbeTarget& target) {
  const auto known = wire::from_wire(target);
  return known ? trial::render(*known) : "unknown to this version";
}

Json target_json(const v1::ProbeTarget& target) {
  const auto known = wire::from_wire(target);
  const bool has_address = known && !target.address().empty();
  return {{"probe", target_text(target)},
          {"kind", text_json(enum_word(v1::ProbeKind_Name(target.kind()), "PROBE_KIND_"))},
          {"name", text_json(target.name())},
          {"address", has_address ? Json(ondol::render(known->address)) : Json()},
          {"port", target.port() == 0 ? Json() : Json(target.port())}};
}

// One line for each thing that was tried before the change, after it, or both.
struct Pair {
  const v1::ProbeResult* before = nullptr;
  const v1::ProbeResult* after = nullptr;
};

std::vector<std::pair<std::string, Pair>> pairs_of(const v1::ShowHostReply& reply) {
  std::vector<std::pair<std::string, Pair>> pairs;
  const auto pair = [&](const v1::ProbeResult& probe) -> Pair& {
    const std::string text = target_text(probe.target());
    const auto found = std::find_if(pairs.begin(), pairs.end(), [&](const auto& p) { return p.first == text; });
    return found == pairs.end() ? pairs.emplace_back(text, Pair{}).second : found->second;
  };
  for (const v1::ProbeResult& probe : reply.probes_before()) pair(probe).before = &probe;
  const v1::GenerationResult& result = reply.last_result();
  const bool is_its_end = result.generation() == reply.summary().trial().generation() &&
                          result.outcome() != v1::GENERATION_OUTCOME_TRIAL;
  if (is_its_end) {
    for (const v1::ProbeResult& probe : result.probes()) pair(probe).after = &probe;
  }
  return pairs;
}

Cell colour_cell(const v1::ProbeResult* probe) {
  if (probe == nullptr) return {"-"};
  return probe->green() ? Cell{"green", Tone::kGood} : Cell{"red", Tone::kBad};
}

Json colour_json(const v1::ProbeResult* probe) {
  if (probe == nullptr) return {};
  return probe->green() ? "green" : "red";
}

void append_probes(Document& document, const v1::ShowHostReply& reply) {
  document.json["probes"] = Json::array();
  Section section{"probes", {}, {}, {{{"PROBE", false}, {"BEFORE", false}, {"NOW", false}, {"SEEN", false}, {"TOOK", false}}, {}}};
  for (const auto& [text, pair] : pairs_of(reply)) {
    const v1::ProbeResult& latest = pair.after != nullptr ? *pair.after : *pair.before;
    section.table.rows.push_back({text, colour_cell(pair.before), colour_cell(pair.after), latest.text(),
                                  duration_text(latest.took_ns())});
    Json json = target_json(latest.target());
    json["before"] = colour_json(pair.before);
    json["now"] = colour_json(pair.after);
    json["text"] = text_json(latest.text());
    json["took_ns"] = latest.took_ns();
    document.json["probes"].push_back(std::move(json));
  }
  if (!section.table.rows.empty()) document.sections.push_back(std::move(section));
}

}  // namespace

Cell trial_cell(const v1::HostSummary& host, WallTime now) {
  if (!host.trial().running()) return {"-"};
  return {fmt::format("{}, {} s left", host.trial().generation(), seconds_left(host.trial(), now)), Tone::kWarn};
}

Json trial_json(const v1::HostSummary& host, WallTime now) {
  if (!host.has_trial()) return {};
  const v1::Trial& trial = host.trial();
  return {{"generation", trial.generation()},
          {"running", trial.running()},
          {"deadline_at", time_json(trial.deadline_unix_ns())},
          {"seconds_left", trial.running() ? Json(seconds_left(trial, now)) : Json()}};
}

void append_trial(Document& document, const v1::ShowHostReply& reply, WallTime now) {
  const v1::Trial& trial = reply.summary().trial();
  auto& facts = document.sections.front().facts;
  // The end of an earlier generation's trial is in the history: a later result came after it.
  const bool is_later = reply.last_result().generation() > trial.generation();
  const bool is_last = reply.last_result().generation() == trial.generation();
  const bool has_end = is_later || (is_last && reply.last_result().outcome() != v1::GENERATION_OUTCOME_TRIAL);
  if (trial.running()) {
    facts.emplace_back("trial", Cell{fmt::format("generation {}, undone in {} s unless it is confirmed", trial.generation(),
                                                 seconds_left(trial, now)), Tone::kWarn});
  } else if (reply.summary().has_trial() && !has_end) {
    facts.emplace_back("trial", Cell{fmt::format("generation {}, its end is not known", trial.generation()), Tone::kWarn});
  }
  append_probes(document, reply);
}

Json probes_json(const google::protobuf::RepeatedPtrField<v1::ProbeResult>& probes) {
  Json json = Json::array();
  for (const v1::ProbeResult& probe : probes) {
    Json one = target_json(probe.target());
    one["green"] = probe.green();
    one["text"] = text_json(probe.text());
    one["took_ns"] = probe.took_ns();
    json.push_back(std::move(one));
  }
  return json;
}

}  // namespace ondol::cli
