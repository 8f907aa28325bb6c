#include "collector/cli/render/collector_view.h"

#include <fmt/format.h>

#include <algorithm>

#include "collector/cli/render/host_view.h"
#include "collector/cli/render/time_text.h"

namespace ondol::cli {
namespace {

std::string severity_word(const v1::Finding& finding) {
  return finding.severity() == v1::Finding::SEVERITY_WARNING ? "warning" : "error";
}

std::string hosts_text(const v1::Finding& finding) {
  if (finding.hosts_size() == 0) return {};
  std::string text;
  for (const std::string& host : finding.hosts()) text += (text.empty() ? "" : ", ") + host;
  const auto named = static_cast<std::uint32_t>(finding.hosts_size());
  if (finding.host_count() > named) text += fmt::format(" and {} more", finding.host_count() - named);
  return " [" + text + "]";
}

}  // namespace

Json finding_json(const v1::Finding& finding) {
  Json hosts = Json::array();
  for (const std::string& host : finding.hosts()) hosts.push_back(host);
  return {{"severity", severity_word(finding)},     {"place", text_json(finding.place())},
          {"message", finding.message()},           {"remedy", text_json(finding.remedy())},
          {"hosts", std::move(hosts)},              {"host_count", finding.host_count()}};
}

Document config_findings(const v1::ConfigReply& reply) {
  Document document;
  Section section;
  document.json = {{"findings", Json::array()},
                   {"revision", text_json(reply.revision())},
                   {"hosts_changed", reply.hosts_changed()},
                   {"hosts_total", reply.hosts_total()},
                   {"unchanged", reply.unchanged()}};
  for (const v1::Finding& finding : reply.findings()) {
    const bool warning = finding.severity() == v1::Finding::SEVERITY_WARNING;
    section.lines.emplace_back(finding_line(finding), warning ? Tone::kWarn : Tone::kBad);
    document.json["findings"].push_back(finding_json(finding));
  }
  document.sections.push_back(std::move(section));
  return document;
}

namespace {

std::string cell_error_line(const v1::CellError& error, std::string_view severity) {
  const std::string column = error.column().empty() ? "" : ", column " + error.column();
  return fmt::format("line {}{}: {}: {}", error.line(), column, severity, error.message());
}

Json cell_errors_json(const google::protobuf::RepeatedPtrField<v1::CellError>& errors) {
  Json json = Json::array();
  for (const v1::CellError& error : errors) {
    json.push_back({{"line", error.line()}, {"column", text_json(error.column())}, {"message", error.message()}});
  }
  return json;
}

}  // namespace

std::string finding_line(const v1::Finding& finding) {
  std::string text = finding.place().empty() ? "" : finding.place() + ": ";
  text += severity_word(finding) + ": " + finding.message();
  if (!finding.remedy().empty()) text += " (" + finding.remedy() + ")";
  return text + hosts_text(finding);
}

bool has_errors(const v1::ConfigReply& reply) {
  return std::ranges::any_of(reply.findings(), [](const auto& f) { return f.severity() != v1::Finding::SEVERITY_WARNING; });
}

Document config_checked(const v1::ConfigReply& reply) {
  Document document = config_findings(reply);
  if (has_errors(reply)) return document;
  document.sections.back().lines.emplace_back(
      fmt::format("the layers are sound: {} of {} hosts would change", reply.hosts_changed(), reply.hosts_total()),
      Tone::kGood);
  return document;
}

Document config_applied(const v1::ConfigReply& reply) {
  Document document = config_findings(reply);
  if (has_errors(reply)) {
    document.sections.back().lines.emplace_back("nothing was stored");
    return document;
  }
  const std::string text =
      reply.unchanged() ? fmt::format("revision {} is current already", reply.revision())
                        : fmt::format("revision {} stored: {} of {} hosts change", reply.revision(),
                                      reply.hosts_changed(), reply.hosts_total());
  document.sections.back().lines.emplace_back(text, Tone::kGood);
  return document;
}

Document cmdb_imported(const v1::ImportCmdbReply& reply, bool dry_run) {
  Section section;
  for (const auto& error : reply.errors()) section.lines.emplace_back(cell_error_line(error, "error"), Tone::kBad);
  for (const auto& warning : reply.warnings()) section.lines.emplace_back(cell_error_line(warning, "warning"), Tone::kWarn);
  const bool refused = reply.errors_size() > 0;
  section.lines.emplace_back(
      refused ? "nothing was stored"
              : fmt::format("{}{} added, {} changed, {} unchanged", dry_run ? "would be: " : "", reply.added(),
                            reply.changed(), reply.unchanged()),
      refused ? Tone::kBad : Tone::kGood);
  Json json{{"errors", cell_errors_json(reply.errors())},
            {"warnings", cell_errors_json(reply.warnings())},
            {"added", reply.added()},
            {"changed", reply.changed()},
            {"unchanged", reply.unchanged()},
            {"dry_run", dry_run}};
  return {{std::move(section)}, std::move(json)};
}

Document record_shown(const v1::Record& record) { return {{record_section(record)}, record_json(record)}; }

Document token_created(const v1::CreateTokenReply& reply, const std::string& host, WallTime now) {
  Section section;
  section.lines.emplace_back(reply.token());
  Json json{{"host", host},
            {"token", reply.token()},
            {"expires_at", time_json(reply.expires_unix_ns())},
            {"expires_in_seconds", std::max<std::int64_t>(0, (reply.expires_unix_ns() - unix_ns(now)) / 1'000'000'000)}};
  return {{std::move(section)}, std::move(json)};
}

Document host_revoked(const v1::RevokeHostReply& reply, const std::string& host) {
  Section section;
  section.lines.emplace_back(fmt::format("{} is revoked: {} certificates", host, reply.certificates()));
  return {{std::move(section)}, {{"host", host}, {"certificates", reply.certificates()}}};
}

}  // namespace ondol::cli
