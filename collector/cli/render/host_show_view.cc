#include <fmt/format.h>

#include <map>

#include "collector/cli/render/drift_view.h"
#include "collector/cli/render/host_view.h"
#include "collector/cli/render/route_view.h"
#include "collector/cli/render/status_view.h"
#include "collector/cli/render/time_text.h"
#include "collector/cli/render/trial_view.h"
#include "common/resources/routes/route.h"

namespace ondol::cli {
namespace {

constexpr std::int64_t kShownOffsetMs = 1'000;  // smaller clock differences are not worth a word

std::string counted_text(const v1::HostSummary& host) {
  if (host.observed_unix_ns() == 0) return "never observed";
  return fmt::format("{} missing, {} changed, {} extra, {} contested", host.drift_missing(), host.drift_changed(),
                     host.drift_extra(), host.contested());
}

void append_trouble(const v1::HostSummary& host, std::vector<std::pair<std::string, Cell>>& facts) {
  if (host.trouble() == v1::TROUBLE_OK || host.trouble() == v1::TROUBLE_UNSPECIFIED) return;
  const std::string word = trouble_word(host.trouble());
  const std::string reason = host.trouble_reason().empty() ? "" : ": " + host.trouble_reason();
  facts.emplace_back("trouble", Cell{word + reason, tone_of(host.trouble())});
  const std::string next = next_step(host.trouble(), host.record().name());
  if (!next.empty()) facts.emplace_back("next", next);
}

Section summary_section(const v1::ShowHostReply& reply, WallTime now) {
  const v1::HostSummary& host = reply.summary();
  Section section;
  auto& facts = section.facts;
  facts = {{"host", host.record().name()},
           {"state", state_cell(host)},
           {"seen", age_text(host.last_seen_unix_ns(), now)},
           {"observed", age_text(host.observed_unix_ns(), now)},
           {"routes", count_cell(host, host.routes(), Tone::kPlain)},
           {"drift", counted_text(host)}};
  append_trouble(host, facts);
  if (!reply.observation_error().empty()) facts.emplace_back("unknown because", Cell{reply.observation_error(), Tone::kBad});
  if (!host.session_id().empty()) facts.emplace_back("session", host.session_id());
  if (!host.agent_version().empty()) facts.emplace_back("agent", host.agent_version());
  const std::int64_t offset = host.clock_offset_ms();
  if (offset > kShownOffsetMs || offset < -kShownOffsetMs) {
    facts.emplace_back("clock", Cell{fmt::format("{} ms off the collector's", offset), Tone::kWarn});
  }
  const std::string& end = reply.certificate_not_after();
  facts.emplace_back("certificate", end.empty() ? "never enrolled" : "until " + end);
  return section;
}

Section numbers_section(const v1::HostSummary& host) {
  Section section;
  section.title = "generations";
  for (const char* title : {"TYPE", "MODE", "OFFERED", "RECEIVED", "APPLIED", "RUNNING", "BLOCKED"}) {
    section.table.columns.push_back({title, false});
  }
  for (const v1::FourNumbers& n : host.numbers()) {
    section.table.rows.push_back({enum_word(v1::ResourceType_Name(n.type()), "RESOURCE_TYPE_"), mode_word(n),
                                  std::to_string(n.offered()), std::to_string(n.received()),
                                  std::to_string(n.applied()), std::to_string(n.running()), n.blocked()});
  }
  return section;
}

std::string outcome_word(const v1::GenerationResult& result) {
  return enum_word(v1::GenerationOutcome_Name(result.outcome()), "GENERATION_OUTCOME_");
}

std::string result_text(const v1::GenerationResult& result) {
  std::string text = fmt::format("generation {} {}", result.generation(), outcome_word(result));
  if (!result.reason().empty()) text += ": " + result.reason();
  return text + fmt::format(" ({} added, {} replaced, {} removed in {})", result.added(), result.replaced(),
                            result.removed(), duration_text(result.duration_ns()));
}

Json result_json(const v1::GenerationResult& result) {
  Json json{{"generation", result.generation()},
            {"revision", text_json(result.revision())},
            {"outcome", text_json(outcome_word(result))},
            {"reason", text_json(result.reason())},
            {"added", result.added()},
            {"replaced", result.replaced()},
            {"removed", result.removed()},
            {"duration_ns", result.duration_ns()},
            {"deadline_ms", result.deadline_ms() == 0 ? Json() : Json(result.deadline_ms())},
            {"probes", probes_json(result.probes())}};
  return json;
}

Tone tone_of(const v1::GenerationResult& result) {
  if (result.outcome() == v1::GENERATION_OUTCOME_CONFIRMED) return Tone::kGood;
  return result.outcome() == v1::GENERATION_OUTCOME_TRIAL ? Tone::kWarn : Tone::kBad;
}

void append_result(Document& document, const v1::ShowHostReply& reply) {
  document.json["last_result"] = reply.has_last_result() ? result_json(reply.last_result()) : Json();
  if (!reply.has_last_result()) return;
  document.sections.front().facts.emplace_back("last result",
                                               Cell{result_text(reply.last_result()), tone_of(reply.last_result())});
}

void append_drift(Document& document, const v1::ShowHostReply& reply, WallTime now) {
  document.json["drift"] = Json::array();
  for (const v1::Drift& drift : reply.open_drift()) document.json["drift"].push_back(drift_json(drift, now));
  if (reply.open_drift_size() == 0) return;
  document.sections.push_back({"drift", {}, {}, drift_table(reply.open_drift(), now)});
}

Json route_json(const v1::ObservedRoute& route) {
  return {{"key", key_json(route.key())},
          {"key_text", key_text(route.key())},
          {"value", value_json(route.value())},
          {"protocol", route.protocol()},
          {"protocol_name", routes::protocol_name(static_cast<std::uint8_t>(route.protocol()))},
          {"ownership", text_json(enum_word(v1::RouteOwnership_Name(route.ownership()), "ROUTE_OWNERSHIP_"))}};
}

Json object_json(const v1::RouteObjectState& object) {
  return {{"key", key_json(object.key())},
          {"key_text", key_text(object.key())},
          {"state", text_json(enum_word(v1::RouteState_Name(object.state()), "ROUTE_STATE_"))},
          {"reason", text_json(object.reason())},
          {"contender", author_json(object.contender())},
          {"since", time_json(object.since_unix_ns())}};
}

Section objects_section(const v1::RoutesValue& value, WallTime now) {
  Section section{"not in sync", {}, {}, {{{"KEY", false}, {"STATE", false}, {"SINCE", false}, {"REASON", false}}, {}}};
  for (const v1::RouteObjectState& object : value.not_in_sync()) {
    section.table.rows.push_back({key_text(object.key()),
                                  enum_word(v1::RouteState_Name(object.state()), "ROUTE_STATE_"),
                                  age_text(object.since_unix_ns(), now), object.reason()});
  }
  return section;
}

Section routes_section(const v1::RoutesValue& value) {
  Section section{"routes", {}, {}, {{{"KEY", false}, {"VALUE", false}, {"PROTOCOL", false}, {"OWNER", false}}, {}}};
  for (const v1::ObservedRoute& route : value.routes()) {
    section.table.rows.push_back({key_text(route.key()), value_text(route.value()),
                                  routes::protocol_name(static_cast<std::uint8_t>(route.protocol())),
                                  enum_word(v1::RouteOwnership_Name(route.ownership()), "ROUTE_OWNERSHIP_")});
  }
  if (value.truncated()) {
    section.lines.emplace_back(fmt::format("{} of {} routes are shown: the host reports no more", value.routes_size(),
                                           value.compared_routes()), Tone::kWarn);
  }
  return section;
}

void append_routes(Document& document, const v1::ShowHostReply& reply, WallTime now) {
  const v1::RoutesValue& value = reply.routes();
  Json& json = document.json;
  json["not_in_sync"] = Json::array();
  json["observed_routes"] = Json::array();
  json["only_counted"] = Json::array();
  for (const v1::RouteObjectState& object : value.not_in_sync()) json["not_in_sync"].push_back(object_json(object));
  for (const v1::ObservedRoute& route : value.routes()) json["observed_routes"].push_back(route_json(route));
  for (const v1::ProtocolCount& counted : value.only_counted()) {
    json["only_counted"].push_back(
        {{"protocol_name", routes::protocol_name(static_cast<std::uint8_t>(counted.protocol()))},
         {"routes", counted.routes()}});
  }
  json["policy_rules"] = value.policy_rules();
  json["truncated"] = value.truncated();
  if (value.not_in_sync_size() > 0) document.sections.push_back(objects_section(value, now));
  if (value.routes_size() > 0) document.sections.push_back(routes_section(value));
}

Json event_json(const v1::HistoryEntry& entry) {
  const v1::HostEvent& event = entry.event();
  Json json{{"sequence", event.sequence()},
            {"happened_at", time_json(event.happened_unix_ns())},
            {"received_at", time_json(entry.received_unix_ns())},
            {"text", text_json(entry.text())}};
  switch (event.what_case()) {
    case v1::HostEvent::kRouteChange:
      json["type"] = "route_change";
      json["key_text"] = key_text(event.route_change().key());
      json["change"] = text_json(enum_word(v1::ChangeKind_Name(event.route_change().kind()), "CHANGE_KIND_"));
      json["author"] = author_json(event.route_change().author());
      break;
    case v1::HostEvent::kRouteRepair:
      json["type"] = "route_repair";
      json["key_text"] = key_text(event.route_repair().key());
      json["outcome"] = text_json(enum_word(v1::RepairOutcome_Name(event.route_repair().outcome()), "REPAIR_OUTCOME_"));
      json["latency_ns"] = event.route_repair().latency_ns();
      json["answers_sequence"] = event.route_repair().answers_sequence();
      break;
    case v1::HostEvent::kGenerationResult:
      json["type"] = "generation_result";
      json["result"] = result_json(event.generation_result());
      break;
    case v1::HostEvent::kNotice:
      json["type"] = "notice";
      json["what"] = event.notice().what();
      json["detail"] = text_json(event.notice().detail());
      break;
    case v1::HostEvent::WHAT_NOT_SET: json["type"] = Json(); break;
  }
  return json;
}

}  // namespace

Document host_show(const v1::ShowHostReply& reply, WallTime now) {
  Document document{{}, summary_json(reply.summary(), now)};
  document.sections.push_back(summary_section(reply, now));
  Section record = record_section(reply.summary().record());
  record.title = "record";
  document.sections.push_back(std::move(record));
  if (reply.summary().numbers_size() > 0) document.sections.push_back(numbers_section(reply.summary()));
  append_result(document, reply);
  append_trial(document, reply, now);
  append_drift(document, reply, now);
  append_routes(document, reply, now);
  document.json["certificate_not_after"] = text_json(reply.certificate_not_after());
  document.json["observation_error"] = text_json(reply.observation_error());
  return document;
}


Document host_history(const v1::HostHistoryReply& reply, WallTime now) {
  Document document;
  document.json = {{"events", Json::array()}, {"lost_events", reply.lost_events()}};
  Section section;
  section.table.columns = {{"TIME", false}, {"AGE", true}, {"SEQUENCE", true}, {"WHAT", false}};
  for (const v1::HistoryEntry& entry : reply.entries()) {
    const std::int64_t happened = entry.event().happened_unix_ns();
    section.table.rows.push_back({clock_text(happened, now), age_text(happened, now),
                                  std::to_string(entry.event().sequence()), entry.text()});
    document.json["events"].push_back(event_json(entry));
  }
  if (reply.lost_events() > 0) {
    section.lines.emplace_back(fmt::format("{} events of this host were lost before they could be kept", reply.lost_events()),
                               Tone::kWarn);
  }
  document.sections.push_back(std::move(section));
  return document;
}

}  // namespace ondol::cli
