// config explain. See intent_view.h.
#include <fmt/format.h>

#include <charconv>

#include "collector/cli/render/collector_view.h"
#include "collector/cli/render/intent_view.h"
#include "collector/cli/render/revision_text.h"
#include "collector/cli/render/time_text.h"

namespace ondol::cli {
namespace {

// "layers/app/x.yaml:14:7" -> file, line, column; line 0 = the whole file.
Json place_json(const std::string& place) {
  int numbers[2] = {0, 0};
  std::string file = place;
  for (int i = 1; i >= 0; --i) {
    const auto colon = file.rfind(':');
    if (colon == std::string::npos) break;
    const auto [end, error] = std::from_chars(file.data() + colon + 1, file.data() + file.size(), numbers[i]);
    if (error != std::errc{} || end != file.data() + file.size()) break;
    file.resize(colon);
  }
  return {{"file", file}, {"line", numbers[0]}, {"column", numbers[1]}};
}

Json statement_json(const v1::Statement& statement) {
  Json json = place_json(statement.place());
  json["value"] = text_json(statement.value());
  json["removes"] = statement.removes();
  json["written"] = text_json(statement.written());
  json["reason"] = text_json(statement.reason());
  json["why_not"] = text_json(statement.why_not());
  json["since"] = statement.has_since() ? revision_json(statement.since()) : Json();
  return json;
}

Json statements_json(const google::protobuf::RepeatedPtrField<v1::Statement>& statements) {
  Json list = Json::array();
  for (const v1::Statement& statement : statements) list.push_back(statement_json(statement));
  return list;
}

Json value_json(const v1::ExplainedValue& value) {
  return {{"name", value.name()},
          {"value", text_json(value.value())},
          {"in_effect", value.in_effect()},
          {"is_default", value.is_default()},
          {"said", value.has_said() ? statement_json(value.said()) : Json()},
          {"replaced", statements_json(value.replaced())},
          {"elsewhere", statements_json(value.elsewhere())}};
}

Json explained_json(const v1::ExplainConfigReply& reply) {
  Json values = Json::array(), layers = Json::array(), near = Json::array(), findings = Json::array();
  for (const auto& value : reply.values()) values.push_back(value_json(value));
  for (const std::string& layer : reply.layers()) layers.push_back(layer);
  for (const std::string& name : reply.near()) near.push_back(name);
  for (const v1::Finding& finding : reply.findings()) findings.push_back(finding_json(finding));
  return {{"host", reply.host()},
          {"revision", revision_json(reply.revision())},
          {"layers", std::move(layers)},
          {"record_changed_at", time_json(reply.record_changed_unix_ns())},
          {"record_changed_by", text_json(reply.record_changed_by())},
          {"values", std::move(values)},
          {"near", std::move(near)},
          {"findings", std::move(findings)}};
}

Section head_of(const v1::ExplainConfigReply& reply, WallTime now) {
  Section head;
  std::string layers;
  for (const std::string& layer : reply.layers()) layers += (layers.empty() ? "" : ", ") + layer;
  head.facts = {{"host", reply.host()},
                {"revision", revision_text(reply.revision(), now)},
                {"layers", layers.empty() ? "none applies" : layers}};
  if (reply.record_changed_unix_ns() > reply.revision().committed_unix_ns()) {
    head.facts.emplace_back(
        "record",
        Cell(fmt::format("changed after it, {} by {}: the layers are those of the record as it is now",
                         clock_text(reply.record_changed_unix_ns(), now), reply.record_changed_by()),
             Tone::kWarn));
  }
  for (const v1::Finding& finding : reply.findings())
    head.lines.emplace_back(finding_line(finding), Tone::kWarn);
  return head;
}

std::string shown_value(const v1::ExplainedValue& value) {
  if (!value.in_effect()) return value.has_said() ? "removed" : "not in effect";
  return value.value();
}

Table table_of(const v1::ExplainConfigReply& reply, WallTime now) {
  Table table;
  table.columns = {{"KEY"},  {"VALUE"},    {"FROM"},         {"REVISION"},     {"AUTHOR"},
                   {"WHEN"}, {"REPLACES"}, {"REASON", true}, {"WRITTEN", true}};
  for (const v1::ExplainedValue& value : reply.values()) {
    const v1::Statement& said = value.said();
    std::string replaced;
    for (const v1::Statement& other : value.replaced())
      replaced += (replaced.empty() ? "" : ", ") + other.place();
    const bool known = said.has_since();
    table.rows.push_back(
        {value.name(), Cell(shown_value(value), value.in_effect() ? Tone::kPlain : Tone::kWarn),
         value.has_said() ? said.place() : "default", known ? short_id(said.since().id()) : "",
         known ? said.since().author() : "", known ? clock_text(said.since().committed_unix_ns(), now) : "",
         replaced, said.reason(), said.written()});
  }
  return table;
}

void add_statement(const v1::Statement& statement, WallTime now, std::vector<Cell>& lines) {
  std::string text =
      fmt::format("    {}  {}", statement.place(), statement.removes() ? "removes it" : statement.value());
  if (!statement.why_not().empty()) text += ": " + statement.why_not();
  lines.emplace_back(text);
  if (!statement.written().empty()) lines.emplace_back("      as written: " + statement.written());
  if (!statement.reason().empty()) lines.emplace_back("      reason: " + statement.reason());
  lines.emplace_back("      since " + (statement.has_since() ? revision_text(statement.since(), now)
                                                             : "an older revision than was looked at"));
}

Section section_of(const v1::ExplainedValue& value, WallTime now) {
  Section section;
  section.title = value.name();
  if (value.in_effect()) {
    section.lines.emplace_back(
        fmt::format("  in effect: {}{}", value.value(), value.is_default() ? " (the default)" : ""),
        Tone::kGood);
  } else {
    section.lines.emplace_back(value.has_said() ? "  not in effect here: a layer of this host removes it"
                                                : "  not in effect here: no layer of this host says it",
                               Tone::kWarn);
  }
  if (value.has_said()) section.lines.emplace_back(value.said().removes() ? "  removed by" : "  said by");
  if (value.has_said()) add_statement(value.said(), now, section.lines);
  if (value.replaced_size() > 0) section.lines.emplace_back("  which replaced, highest first");
  for (int i = value.replaced_size() - 1; i >= 0; --i) add_statement(value.replaced(i), now, section.lines);
  if (value.elsewhere_size() > 0) section.lines.emplace_back("  also written, not in effect here");
  for (const v1::Statement& statement : value.elsewhere()) add_statement(statement, now, section.lines);
  return section;
}

Section nobody(const v1::ExplainConfigReply& reply, const std::string& key) {
  Section section;
  section.lines.emplace_back(fmt::format("nobody mentions '{}', in no layer", key), Tone::kWarn);
  for (const std::string& near : reply.near()) section.lines.emplace_back("  near: " + near);
  return section;
}

}  // namespace

Document config_explained(const v1::ExplainConfigReply& reply, const std::string& key, WallTime now) {
  Document document{{head_of(reply, now)}, explained_json(reply)};
  if (key.empty()) {
    Section values;
    values.table = table_of(reply, now);
    document.sections.push_back(std::move(values));
    return document;
  }
  for (const v1::ExplainedValue& value : reply.values()) document.sections.push_back(section_of(value, now));
  if (reply.values_size() == 0) document.sections.push_back(nobody(reply, key));
  return document;
}

}  // namespace ondol::cli
