#include "collector/cli/render/intent_view.h"

#include <fmt/format.h>

#include "collector/cli/render/collector_view.h"
#include "collector/cli/render/plan_view.h"
#include "collector/cli/render/revision_text.h"
#include "collector/cli/render/route_view.h"

namespace ondol::cli {
namespace {

std::vector<Cell> history_row(const v1::RevisionInfo& info, WallTime now) {
  const std::string hosts =
      info.counted() ? fmt::format("{} of {}", info.hosts_changed(), info.hosts_total()) : "?";
  return {std::to_string(info.number()),
          Cell(short_id(info.id()), info.current() ? Tone::kGood : Tone::kPlain),
          clock_text(info.committed_unix_ns(), now),
          info.author(),
          hosts,
          info.message() + (info.allow_mass_delete() ? " [mass deletion allowed]" : ""),
          info.current() ? "current" : "",
          info.id()};
}

Tone tone_of(std::string_view line) {
  if (line.starts_with('+')) return Tone::kGood;
  return line.starts_with('-') ? Tone::kBad : Tone::kPlain;
}

Section file_section(const v1::FileDiff& file) {
  Section section;
  section.title = fmt::format("{} {}", enum_word(v1::FileDiff::Kind_Name(file.kind()), "KIND_"), file.path());
  std::string_view rest = file.text();
  while (!rest.empty()) {
    const auto end = std::min(rest.find('\n'), rest.size());
    section.lines.emplace_back(std::string(rest.substr(0, end)), tone_of(rest));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (file.truncated()) section.lines.emplace_back("... too long to be shown whole");
  return section;
}

Json compared_json(const v1::DiffConfigReply& reply) {
  Json files = Json::array(), groups = Json::array(), findings = Json::array();
  for (const v1::FileDiff& file : reply.files()) {
    files.push_back({{"path", file.path()},
                     {"change", enum_word(v1::FileDiff::Kind_Name(file.kind()), "KIND_")},
                     {"diff", file.text()},
                     {"truncated", file.truncated()}});
  }
  for (const v1::HostGroup& group : reply.groups()) groups.push_back(group_json(group));
  for (const v1::Finding& finding : reply.findings()) findings.push_back(finding_json(finding));
  return {{"from", revision_json(reply.from())}, {"to", revision_json(reply.to())},
          {"files", std::move(files)},           {"groups", std::move(groups)},
          {"group_count", reply.group_count()},  {"hosts_changed", reply.hosts_changed()},
          {"hosts_total", reply.hosts_total()},  {"findings", std::move(findings)}};
}

}  // namespace

Document config_history(const v1::ListRevisionsReply& reply, WallTime now) {
  Section section;
  section.table.columns = {{"NUMBER"}, {"REVISION"}, {"WHEN"},  {"AUTHOR"},
                           {"HOSTS"},  {"MESSAGE"},  {"STATE"}, {"ID", true}};
  Json json = Json::array();
  for (const v1::RevisionInfo& info : reply.revisions()) {
    section.table.rows.push_back(history_row(info, now));
    json.push_back(revision_json(info));
  }
  return {{std::move(section)}, std::move(json)};
}

Document config_compared(const v1::DiffConfigReply& reply, bool everything, WallTime now) {
  Document document{{}, compared_json(reply)};
  Section head;
  head.facts = {{"from", revision_text(reply.from(), now)}, {"to", revision_text(reply.to(), now)}};
  for (const v1::Finding& finding : reply.findings())
    head.lines.emplace_back(finding_line(finding), Tone::kWarn);
  document.sections.push_back(std::move(head));
  for (const v1::FileDiff& file : reply.files()) document.sections.push_back(file_section(file));
  std::size_t number = 0;
  for (const v1::HostGroup& group : reply.groups())
    document.sections.push_back(group_section(group, ++number, everything));
  Section end;
  end.lines.emplace_back(reply.files_size() == 0
                             ? "the layers are the same"
                             : fmt::format("{} of {} hosts differ, in {} ways, by the record as it is now",
                                           reply.hosts_changed(), reply.hosts_total(), reply.group_count()),
                         Tone::kGood);
  document.sections.push_back(std::move(end));
  return document;
}

}  // namespace ondol::cli
