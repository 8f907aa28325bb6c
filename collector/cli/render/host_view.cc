#include "collector/cli/render/host_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "collector/cli/render/route_view.h"
#include "collector/cli/render/status_view.h"
#include "collector/cli/render/time_text.h"
#include "collector/cli/render/trial_view.h"

namespace ondol::cli {
namespace {

std::string liveness_word(const v1::HostSummary& host) {
  return enum_word(v1::Liveness_Name(host.liveness()), "LIVENESS_");
}

Json count_json(const v1::HostSummary& host, std::uint32_t count) {
  return host.observed_unix_ns() == 0 ? Json() : Json(count);
}

v1::FourNumbers route_numbers(const v1::HostSummary& host) {
  for (const v1::FourNumbers& numbers : host.numbers()) {
    if (numbers.type() == v1::RESOURCE_TYPE_ROUTES) return numbers;
  }
  return {};
}

// "7", and "6 of 7" while the host is behind what it was offered.
Cell generation_cell(const v1::FourNumbers& numbers) {
  if (numbers.offered() == 0 && numbers.running() == 0) return {"-"};
  if (numbers.running() == numbers.offered()) return {std::to_string(numbers.running())};
  return {fmt::format("{} of {}", numbers.running(), numbers.offered()), Tone::kWarn};
}

Json numbers_json(const v1::FourNumbers& numbers) {
  return {{"type", text_json(enum_word(v1::ResourceType_Name(numbers.type()), "RESOURCE_TYPE_"))},
          {"offered", numbers.offered()},
          {"received", numbers.received()},
          {"applied", numbers.applied()},
          {"running", numbers.running()},
          {"mode", mode_word(numbers)},
          {"blocked", text_json(numbers.blocked())}};
}

std::vector<Cell> row_of(const v1::HostSummary& host, WallTime now) {
  const v1::FourNumbers numbers = route_numbers(host);
  const v1::Record& record = host.record();
  return {record.name(),
          state_cell(host),
          Cell{trouble_word(host.trouble()), tone_of(host.trouble())},
          age_text(host.last_seen_unix_ns(), now),
          mode_word(numbers),
          generation_cell(numbers),
          count_cell(host, host.routes(), Tone::kPlain),
          count_cell(host, host.drift_missing(), Tone::kWarn),
          count_cell(host, host.drift_changed(), Tone::kWarn),
          count_cell(host, host.drift_extra(), Tone::kWarn),
          count_cell(host, host.contested(), Tone::kBad),
          age_text(host.observed_unix_ns(), now),
          record.cluster(),
          record.phase(),
          record.app(),
          record.owner(),
          trial_cell(host, now),
          host.trouble_reason(),
          numbers.blocked(),
          host.agent_version(),
          host.session_id(),
          fmt::format("{} ms", host.clock_offset_ms())};
}

}  // namespace

Cell state_cell(const v1::HostSummary& host) {
  std::string text = liveness_word(host);
  if (text.empty()) return {"unknown", Tone::kWarn};
  if (!host.silence_reason().empty() && host.silence_reason() != text) text += " (" + host.silence_reason() + ")";
  if (host.liveness() == v1::LIVENESS_ONLINE) return {text, Tone::kGood};
  const bool bad = host.liveness() == v1::LIVENESS_SILENT || host.liveness() == v1::LIVENESS_STUCK;
  return {text, bad ? Tone::kBad : Tone::kWarn};
}

// A count that nobody observed is unknown, not zero.
Cell count_cell(const v1::HostSummary& host, std::uint32_t count, Tone when_set) {
  if (host.observed_unix_ns() == 0) return {"?", Tone::kWarn};
  return {std::to_string(count), count == 0 ? Tone::kPlain : when_set};
}

std::string mode_word(const v1::FourNumbers& numbers) {
  const std::string word = enum_word(v1::Mode_Name(numbers.mode()), "MODE_");
  return word.empty() ? "unmanaged" : word;
}

Json summary_json(const v1::HostSummary& host, WallTime now) {
  Json json;
  json["name"] = host.record().name();
  json["state"] = text_json(liveness_word(host));
  json["silence_reason"] = text_json(host.silence_reason());
  json["trouble"] = text_json(trouble_word(host.trouble()));
  json["trouble_reason"] = text_json(host.trouble_reason());
  json["next"] = text_json(next_step(host.trouble(), host.record().name()));
  json["last_seen_at"] = time_json(host.last_seen_unix_ns());
  json["last_seen_age_seconds"] = age_json(host.last_seen_unix_ns(), now);
  json["observed_at"] = time_json(host.observed_unix_ns());
  json["observed_age_seconds"] = age_json(host.observed_unix_ns(), now);
  json["routes"] = count_json(host, host.routes());
  json["drift_missing"] = count_json(host, host.drift_missing());
  json["drift_changed"] = count_json(host, host.drift_changed());
  json["drift_extra"] = count_json(host, host.drift_extra());
  json["contested"] = count_json(host, host.contested());
  json["numbers"] = Json::array();
  for (const v1::FourNumbers& numbers : host.numbers()) json["numbers"].push_back(numbers_json(numbers));
  json["trial"] = trial_json(host, now);
  json["session_id"] = text_json(host.session_id());
  json["agent_version"] = text_json(host.agent_version());
  json["clock_offset_ms"] = host.clock_offset_ms();
  json["record"] = record_json(host.record());
  return json;
}

Json record_json(const v1::Record& record) {
  Json json{{"name", record.name()},
            {"cluster", text_json(record.cluster())},
            {"phase", text_json(record.phase())},
            {"app_type", text_json(record.app_type())},
            {"app_group", text_json(record.app_group())},
            {"app", text_json(record.app())},
            {"service_code", text_json(record.service_code())},
            {"owner", text_json(record.owner())},
            {"rack", text_json(record.rack())}};
  const std::map<std::string, std::string> labels(record.labels().begin(), record.labels().end());
  json["labels"] = Json::object();
  for (const auto& [name, value] : labels) json["labels"][name] = value;
  json["changed_at"] = time_json(record.changed_unix_ns());
  json["changed_by"] = text_json(record.changed_by());
  return json;
}

Section record_section(const v1::Record& record) {
  Section section;
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) section.facts.emplace_back(name, value);
  };
  add("name", record.name());
  add("cluster", record.cluster());
  add("phase", record.phase());
  add("app_type", record.app_type());
  add("app_group", record.app_group());
  add("app", record.app());
  add("service_code", record.service_code());
  add("owner", record.owner());
  add("rack", record.rack());
  const std::map<std::string, std::string> labels(record.labels().begin(), record.labels().end());
  for (const auto& [name, value] : labels) section.facts.emplace_back("label " + name, value);
  if (record.changed_unix_ns() != 0) add("changed", render(wall_from_unix_ns(record.changed_unix_ns())));
  add("changed_by", record.changed_by());
  return section;
}

namespace {

// What lies on top: more trouble, longer silence.
auto rank(const v1::HostSummary& host, HostOrder order) {
  const std::int64_t seen = host.last_seen_unix_ns();
  switch (order) {
    case HostOrder::kName: return std::tuple(0, std::int64_t{0}, std::string_view(host.record().name()));
    case HostOrder::kLastSeen: return std::tuple(0, seen, std::string_view(host.record().name()));
    case HostOrder::kTrouble: break;
  }
  // Where nothing is said, nothing is known: between the worst and the best.
  const int trouble = host.trouble() == v1::TROUBLE_UNSPECIFIED ? v1::TROUBLE_UNOBSERVED : host.trouble();
  const bool gone = host.trouble() == v1::TROUBLE_SILENT;
  return std::tuple(trouble, gone ? seen : 0, std::string_view(host.record().name()));
}

}  // namespace

void sort_hosts(std::vector<v1::HostSummary>& hosts, HostOrder order) {
  std::vector<std::pair<decltype(rank(hosts[0], order)), std::size_t>> keys;
  keys.reserve(hosts.size());
  for (std::size_t i = 0; i < hosts.size(); ++i) keys.emplace_back(rank(hosts[i], order), i);
  std::sort(keys.begin(), keys.end());
  std::vector<v1::HostSummary> sorted(hosts.size());
  for (std::size_t i = 0; i < keys.size(); ++i) sorted[i].Swap(&hosts[keys[i].second]);
  hosts = std::move(sorted);
}

Document host_list(const std::vector<v1::HostSummary>& hosts, WallTime now) {
  Document document;
  document.json = Json::array();
  Section section;
  section.table.columns = {{"HOST", false},     {"STATE", false},    {"TROUBLE", false}, {"SEEN", false},   {"MODE", false},
                           {"GENERATION", false}, {"ROUTES", false},  {"MISSING", false}, {"CHANGED", false},
                           {"EXTRA", false},    {"CONTESTED", false}, {"OBSERVED", false}, {"CLUSTER", true},
                           {"PHASE", true},     {"APP", true},       {"OWNER", true},   {"TRIAL", true},    {"REASON", true},  {"BLOCKED", true},
                           {"AGENT", true},     {"SESSION", true},   {"CLOCK", true}};
  for (const v1::HostSummary& host : hosts) {
    section.table.rows.push_back(row_of(host, now));
    document.json.push_back(summary_json(host, now));
  }
  document.sections.push_back(std::move(section));
  return document;
}

}  // namespace ondol::cli
