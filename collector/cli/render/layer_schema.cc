#include "collector/cli/render/layer_schema.h"

#include <fmt/format.h>

#include "common/intent/shape.h"

namespace ondol::cli {
namespace {

using intent::Form;
using intent::KeyShape;
using intent::ShapeKind;

constexpr std::string_view kByte = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
constexpr std::string_view kIpv6 = "[0-9a-fA-F]*:[0-9a-fA-F:.]+";
constexpr std::string_view kPort =
    "(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3})";
constexpr std::string_view kTemplate = "\\{\\{ *[A-Za-z_][A-Za-z0-9_]{0,63} *\\}\\}";

std::string ipv4() { return fmt::format("{0}\\.{0}\\.{0}\\.{0}", kByte); }
Json text(const std::string& pattern) { return {{"type", "string"}, {"pattern", "^(" + pattern + ")$"}}; }
Json any_of(Json first, Json second) {
  return {{"anyOf", Json::array({std::move(first), std::move(second)})}};
}

Json strings(const std::vector<std::string_view>& words) {
  Json list = Json::array();
  for (const std::string_view word : words) list.push_back(std::string(word));
  return list;
}

// Written without quotes, these two words are no strings.
Json words_schema(const std::vector<std::string_view>& words) {
  Json list = strings(words);
  for (const std::string_view word : words) {
    if (word == "true" || word == "false") list.push_back(word == "true");
  }
  return {{"enum", std::move(list)}};
}

Json integer_schema(const KeyShape& shape) {
  return any_of({{"type", "integer"}, {"minimum", shape.least}, {"maximum", shape.most}},
                text("0|[1-9][0-9]*"));
}

Json table_schema(const KeyShape& shape) {
  Json number = integer_schema(shape);
  number["anyOf"][0]["not"] = {{"const", intent::kTableLocal}};
  number["anyOf"].push_back({{"const", "main"}});
  return number;
}

Json protocol_schema(const KeyShape& shape) {
  Json names = Json::array();
  for (std::int64_t number = shape.least; number <= shape.most; ++number) {
    const std::string name = routes::protocol_name(static_cast<std::uint8_t>(number));
    if (number != routes::kOurProtocol && name != std::to_string(number)) names.push_back(name);
  }
  Json number = integer_schema(shape);
  number["anyOf"][0]["not"] = {{"const", routes::kOurProtocol}};
  number["anyOf"].push_back({{"enum", std::move(names)}});
  return number;
}

std::string prefix_pattern() {
  return fmt::format("{}(/([12]?[0-9]|3[0-2]))?|{}(/(1[01][0-9]|12[0-8]|[1-9]?[0-9]))?", ipv4(), kIpv6);
}

Json schema_of(const KeyShape& shape);

Json scalar_schema(const KeyShape& shape) {
  switch (shape.kind) {
    case ShapeKind::kText:
      return {
          {"type", {"string", "number", "boolean"}}, {"minLength", shape.least}, {"maxLength", shape.most}};
    case ShapeKind::kWord:
      return words_schema(shape.words);
    case ShapeKind::kInteger:
      return integer_schema(shape);
    case ShapeKind::kBool:
      return words_schema({"true", "false"});
    case ShapeKind::kDuration:
      return text("[0-9]+(ms|s|m|h)");
    case ShapeKind::kAddress:
      return text(fmt::format("{}|{}", ipv4(), kIpv6));
    case ShapeKind::kPrefix:
      return text(prefix_pattern());
    case ShapeKind::kDestination:
      return text("default|" + prefix_pattern());
    case ShapeKind::kInterface:
      return text("(?!\\.{1,2}$)[!-$&-.0-9;-~]{1,15}");
    case ShapeKind::kGlob:
      return text(fmt::format("[!-$&-.0-~]{{{},{}}}", shape.least, shape.most));
    case ShapeKind::kTable:
      return table_schema(shape);
    case ShapeKind::kProtocol:
      return protocol_schema(shape);
    case ShapeKind::kEndpoint:
      return text(fmt::format("({}|\\[{}\\]):{}", ipv4(), kIpv6, kPort));
    case ShapeKind::kMapping:
    case ShapeKind::kList:
    case ShapeKind::kVariables:
      break;
  }
  return Json::object();
}

Json form_schema(const KeyShape& shape, const Form& form) {
  Json schema{{"required", strings(form.needed)}, {"propertyNames", {{"enum", strings(form.allowed)}}}};
  if (!form.help.empty()) schema["title"] = std::string(form.help);
  for (const std::string_view key : form.needed_any) {
    schema["anyOf"].push_back({{"required", Json::array({std::string(key)})}});
  }
  for (const auto& [key, words] : form.only) {
    const Json only = words_schema(words);
    schema["properties"][std::string(key)] =
        shape.at(key).takes_templates ? any_of(only, {{"type", "string"}, {"pattern", kTemplate}}) : only;
  }
  return schema;
}

Json mapping_schema(const KeyShape& shape) {
  Json properties = Json::object();
  for (const KeyShape& key : shape.keys) properties[std::string(key.name)] = schema_of(key);
  Json schema{{"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
  for (const Form& form : shape.forms) schema["anyOf"].push_back(form_schema(shape, form));
  return schema;
}

Json variables_schema(const KeyShape& shape) {
  return {{"type", "object"},
          {"maxProperties", shape.most},
          {"propertyNames", {{"pattern", "^[A-Za-z_][A-Za-z0-9_]{0,63}$"}}},
          {"additionalProperties", {{"type", {"string", "number", "boolean", "null"}}}}};
}

Json bare_schema(const KeyShape& shape) {
  if (shape.kind == ShapeKind::kMapping) return mapping_schema(shape);
  if (shape.kind == ShapeKind::kVariables) return variables_schema(shape);
  if (shape.kind != ShapeKind::kList) {
    Json scalar = scalar_schema(shape);
    return shape.takes_templates ? any_of(std::move(scalar), {{"type", "string"}, {"pattern", kTemplate}})
                                 : scalar;
  }
  return {{"type", "array"},
          {"minItems", shape.least},
          {"maxItems", shape.most},
          {"items", mapping_schema(shape)}};
}

Json schema_of(const KeyShape& shape) {
  Json schema = bare_schema(shape);
  if (shape.takes_null) schema = any_of(std::move(schema), {{"type", "null"}});
  schema["description"] = std::string(shape.help);
  return schema;
}

}  // namespace

Json layer_schema() {
  Json schema{{"$schema", "http://json-schema.org/draft-07/schema#"}, {"title", "A layer of Ondol intent"}};
  schema.update(schema_of(intent::layer_shape()));
  return schema;
}

}  // namespace ondol::cli
