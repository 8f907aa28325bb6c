#include "collector/cli/render/drift_view.h"

#include <fmt/format.h>

#include "collector/cli/render/route_view.h"
#include "collector/cli/render/time_text.h"
#include "common/base/author.h"

namespace ondol::cli {
namespace {

std::string kind_word(const v1::Drift& drift) { return enum_word(v1::DriftKind_Name(drift.kind()), "DRIFT_KIND_"); }
std::string state_word(const v1::Drift& drift) { return enum_word(v1::RouteState_Name(drift.state()), "ROUTE_STATE_"); }
std::string type_word(const v1::Drift& drift) {
  return enum_word(v1::ResourceType_Name(drift.type()), "RESOURCE_TYPE_");
}

std::string key_of(const v1::Drift& drift) {
  return drift.key_text().empty() ? key_text(drift.key()) : drift.key_text();
}

// What the event said; a record without it is judged by its kind.
std::string_view verb_of(const v1::Drift& drift) {
  if (drift.change() == v1::CHANGE_KIND_REMOVED) return "removed";
  if (drift.change() == v1::CHANGE_KIND_ADDED) return "added";
  if (drift.change() == v1::CHANGE_KIND_REPLACED) return "replaced";
  if (drift.kind() == v1::DRIFT_KIND_MISSING) return "removed";
  if (drift.kind() == v1::DRIFT_KIND_EXTRA) return "added";
  return "replaced";
}

Tone tone_of(const v1::Drift& drift) {
  if (drift.state() == v1::ROUTE_STATE_CONTESTED) return Tone::kBad;
  return drift.closed_unix_ns() == 0 ? Tone::kWarn : Tone::kGood;
}

std::string optional_text(bool is_set, const v1::RouteValue& value) { return is_set ? value_text(value) : "-"; }

std::vector<Cell> row_of(const v1::Drift& drift, WallTime now) {
  const std::string state = state_word(drift);
  return {std::to_string(drift.id()),
          drift.host(),
          key_of(drift),
          kind_word(drift),
          {outcome_text(drift, now), tone_of(drift)},
          age_text(drift.opened_unix_ns(), now),
          cause_text(drift, now),
          state.empty() ? "-" : state,
          std::to_string(drift.count()),
          optional_text(drift.has_desired(), drift.desired()),
          optional_text(drift.has_observed(), drift.observed())};
}

}  // namespace

std::string cause_text(const v1::Drift& drift, WallTime now) {
  if (drift.happened_unix_ns() == 0 && !drift.has_author()) return "found by comparison";
  const bool vanished = drift.change() == v1::CHANGE_KIND_VANISHED && !drift.has_author();
  std::string text = vanished ? "vanished" : fmt::format("{} by {}", verb_of(drift), author_text(drift.author()));
  if (drift.happened_unix_ns() != 0) text += " at " + clock_text(drift.happened_unix_ns(), now);
  return text;
}

std::string outcome_text(const v1::Drift& drift, WallTime now) {
  const std::string because = drift.reason().empty() ? "" : ": " + drift.reason();
  if (drift.closed_unix_ns() != 0) {
    if (drift.repair_latency_ns() != 0) return drift.outcome() + " in " + duration_text(drift.repair_latency_ns());
    return drift.outcome() + because;
  }
  const bool says_more = drift.state() == v1::ROUTE_STATE_WAITING || drift.state() == v1::ROUTE_STATE_CONTESTED ||
                         drift.state() == v1::ROUTE_STATE_CONFLICT;
  if (says_more) return state_word(drift) + because;
  return "open for " + age_text(drift.opened_unix_ns(), now) + because;
}

Json drift_json(const v1::Drift& drift, WallTime now) {
  Json json;
  json["id"] = drift.id();
  json["host"] = drift.host();
  json["type"] = text_json(type_word(drift));
  json["key"] = key_json(drift.key());
  json["key_text"] = key_of(drift);
  json["kind"] = text_json(kind_word(drift));
  json["state"] = text_json(state_word(drift));
  json["outcome"] = text_json(drift.outcome());
  json["reason"] = text_json(drift.reason());
  json["opened_at"] = time_json(drift.opened_unix_ns());
  json["closed_at"] = time_json(drift.closed_unix_ns());
  json["happened_at"] = time_json(drift.happened_unix_ns());
  json["age_seconds"] = age_json(drift.opened_unix_ns(), now);
  json["change"] = text_json(enum_word(v1::ChangeKind_Name(drift.change()), "CHANGE_KIND_"));
  json["count"] = drift.count();
  json["repair_latency_ns"] = drift.repair_latency_ns() == 0 ? Json() : Json(drift.repair_latency_ns());
  json["author"] = author_json(drift.author());
  json["desired"] = drift.has_desired() ? value_json(drift.desired()) : Json();
  json["observed"] = drift.has_observed() ? value_json(drift.observed()) : Json();
  json["text"] = text_json(drift.text());
  return json;
}

std::string drift_line(const v1::Drift& drift, WallTime now) {
  return escaped(fmt::format("{}  {}  {}  {}  {}", drift.host(), key_of(drift), kind_word(drift),
                             outcome_text(drift, now), cause_text(drift, now)));
}

Table drift_table(const google::protobuf::RepeatedPtrField<v1::Drift>& drifts, WallTime now) {
  Table table;
  table.columns = {{"ID", false},     {"HOST", false}, {"KEY", false},    {"KIND", false},
                   {"OUTCOME", false}, {"AGE", true},   {"CAUSE", false}, {"STATE", true},
                   {"COUNT", true},   {"DESIRED", true}, {"OBSERVED", true}};
  for (const v1::Drift& drift : drifts) table.rows.push_back(row_of(drift, now));
  return table;
}

Document drift_list(const v1::ListDriftReply& reply, WallTime now) {
  Document document;
  document.json = Json::array();
  for (const v1::Drift& drift : reply.drifts()) document.json.push_back(drift_json(drift, now));
  document.sections.push_back({{}, {}, {}, drift_table(reply.drifts(), now)});
  return document;
}

Document drift_show(const v1::Drift& drift, WallTime now) {
  Section section;
  section.facts = {{"drift", std::to_string(drift.id())},
                   {"host", drift.host()},
                   {"key", key_of(drift)},
                   {"kind", kind_word(drift)},
                   {"outcome", {outcome_text(drift, now), tone_of(drift)}},
                   {"cause", cause_text(drift, now)},
                   {"opened", age_text(drift.opened_unix_ns(), now) + " ago"},
                   {"count", std::to_string(drift.count())},
                   {"desired", optional_text(drift.has_desired(), drift.desired())},
                   {"observed", optional_text(drift.has_observed(), drift.observed())}};
  if (!drift.reason().empty()) section.facts.emplace_back("reason", drift.reason());
  return {{std::move(section)}, drift_json(drift, now)};
}

}  // namespace ondol::cli
