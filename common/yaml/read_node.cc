// Typed reads of one node.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "common/base/nearest_name.h"
#include "common/yaml/strict_yaml.h"

namespace ondol::yaml {
namespace {

std::string_view found(const Node& node) {
  switch (node.kind) {
    case Kind::kNull: return "nothing";
    case Kind::kScalar: return "a value";
    case Kind::kSequence: return "a list";
    case Kind::kMapping: return "a mapping";
  }
  return "nothing";
}

std::string shown(const Node& node) {
  if (node.kind != Kind::kScalar) return std::string(found(node));
  return fmt::format("'{}'", node.scalar.size() > 60 ? node.scalar.substr(0, 60) + "..." : node.scalar);
}

tl::unexpected<Error> expected(const Node& node, std::string_view what) {
  return fail(Errc::kInvalidInput, fmt::format("found {}, expected {}", shown(node), what), render(node.place),
              fmt::format("write {}", what));
}

// The whole text as a decimal number without a plus sign or leading zeros.
bool parse_decimal(std::string_view text, std::int64_t& value) {
  const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  if (digits.size() > 1 && digits.front() == '0') return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() && !text.empty();
}

// Milliseconds in one of the unit; 0 for an unknown one.
std::int64_t unit_milliseconds(std::string_view unit) {
  if (unit == "ms") return 1;
  if (unit == "s") return 1000;
  if (unit == "m") return 60'000;
  if (unit == "h") return 3'600'000;
  return 0;
}

}  // namespace

Result<void> check_keys(const Node& mapping, std::initializer_list<std::string_view> known) {
  if (mapping.kind == Kind::kNull) return {};
  if (mapping.kind != Kind::kMapping) return expected(mapping, fmt::format("a mapping with {}", fmt::join(known, ", ")));
  for (const auto& [key, value] : mapping.entries) {
    if (std::find(known.begin(), known.end(), key.scalar) != known.end()) continue;
    return fail(Errc::kInvalidInput, fmt::format("unknown key {}", shown(key)), render(key.place),
                suggestion(key.scalar, known));
  }
  return {};
}

Result<std::string> read_string(const Node& node) {
  if (node.kind != Kind::kScalar) return expected(node, "text");
  return node.scalar;
}

Result<bool> read_bool(const Node& node) {
  if (node.kind == Kind::kScalar && node.scalar == "true") return true;
  if (node.kind == Kind::kScalar && node.scalar == "false") return false;
  return expected(node, "true or false");
}

Result<std::int64_t> read_int(const Node& node, std::int64_t least, std::int64_t most) {
  std::int64_t value = 0;
  const bool number = node.kind == Kind::kScalar && parse_decimal(node.scalar, value);
  if (!number || value < least || value > most) {
    return expected(node, fmt::format("a whole number from {} to {}", least, most));
  }
  return value;
}

Result<std::chrono::milliseconds> read_duration(const Node& node) {
  constexpr std::int64_t kMost = std::int64_t{366} * 24 * 3'600'000;  // a year, in milliseconds
  const std::string_view text = node.kind == Kind::kScalar ? std::string_view(node.scalar) : std::string_view();
  const auto unit_at = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::int64_t unit = unit_milliseconds(text.substr(unit_at));
  std::int64_t count = 0;
  if (unit == 0 || !parse_decimal(text.substr(0, unit_at), count) || count > kMost / unit) {
    return expected(node, "a duration such as 500ms, 60s, 10m or 1h");
  }
  return std::chrono::milliseconds{count * unit};
}

}  // namespace ondol::yaml
