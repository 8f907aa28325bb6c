#include <fmt/format.h>

#include <algorithm>

#include "collector/cmdb/columns.h"
#include "collector/cmdb/parse_csv.h"
#include "common/base/author.h"
#include "common/base/nearest_name.h"

namespace ondol::cmdb {
namespace {

constexpr std::size_t kMaxTerms = 64;
constexpr std::size_t kMaxSelector = 4096;  // bytes
constexpr std::string_view kLabels = "labels.";

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

Result<Selector::Term> parse_term(std::string_view text) {
  const auto equals = text.find('=');
  const std::string shown = escaped(std::string(text.substr(0, 80)));
  if (equals == std::string_view::npos || equals == 0) {
    return fail(Errc::kInvalidInput, fmt::format("'{}' is not a term of a selector", shown), "selector",
                "write field=value or field!=value, joined by commas");
  }
  const bool negated = text[equals - 1] == '!';
  const std::string_view field = trimmed(text.substr(0, negated ? equals - 1 : equals));
  const auto& columns = column_names();
  const bool is_column = field != "labels" && std::find(columns.begin(), columns.end(), field) != columns.end();
  const bool is_label = field.starts_with(kLabels) && field.size() > kLabels.size();
  if (!is_column && !is_label) {
    std::vector<std::string_view> known(columns.begin(), columns.end() - 1);
    known.push_back("labels.KEY");
    return fail(Errc::kInvalidInput, fmt::format("unknown field '{}'", escaped(std::string(field.substr(0, 80)))), "selector",
                suggestion(field, known));
  }
  return Selector::Term{std::string(field), std::string(trimmed(text.substr(equals + 1))), negated};
}

bool holds(const Selector::Term& term, const store::HostRecord& record) {
  if (const std::string* field = field_of(record, term.field)) return *field == term.value;
  const auto label = record.labels.find(term.field.substr(kLabels.size()));
  return label != record.labels.end() && label->second == term.value;
}

}  // namespace

Result<Selector> parse_selector(std::string_view text) {
  if (text.size() > kMaxSelector) {
    return fail(Errc::kLimit, fmt::format("longer than {} bytes", kMaxSelector), "selector", "select by fewer terms");
  }
  Selector selector;
  text = trimmed(text);
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    auto term = parse_term(trimmed(text.substr(0, comma)));
    if (!term) return fail(term.error());
    selector.terms.push_back(std::move(*term));
    if (selector.terms.size() > kMaxTerms) {
      return fail(Errc::kLimit, fmt::format("more than {} terms", kMaxTerms), "selector", "select by fewer terms");
    }
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return selector;
}

bool matches(const Selector& selector, const store::HostRecord& record) {
  return std::all_of(selector.terms.begin(), selector.terms.end(),
                     [&](const Selector::Term& term) { return holds(term, record) != term.negated; });
}

}  // namespace ondol::cmdb
