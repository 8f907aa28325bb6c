#include "collector/cli/render/text.h"

#include <algorithm>

#include "common/base/author.h"

namespace ondol::cli {
namespace {

constexpr std::string_view kGap = "  ";

std::string_view color_of(Tone tone) {
  switch (tone) {
    case Tone::kPlain: return "";
    case Tone::kGood: return "\x1b[32m";
    case Tone::kWarn: return "\x1b[33m";
    case Tone::kBad: return "\x1b[31m";
  }
  return "";
}

// Source: Unicode EastAsianWidth, the W and F blocks that names are written in.
bool is_wide(char32_t c) {
  return (c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0xa4cf) || (c >= 0xac00 && c <= 0xd7a3) ||
         (c >= 0xf900 && c <= 0xfaff) || (c >= 0xfe30 && c <= 0xfe6f) || (c >= 0xff00 && c <= 0xff60) ||
         (c >= 0xffe0 && c <= 0xffe6) || (c >= 0x1f300 && c <= 0x1f64f) || (c >= 0x20000 && c <= 0x3fffd);
}

// The letter of `text` at `at`: `text` is valid UTF-8, for it has been escaped.
struct Letter {
  std::size_t bytes = 1;
  std::size_t columns = 1;
};

Letter letter_at(std::string_view text, std::size_t at) {
  const auto first = static_cast<unsigned char>(text[at]);
  const std::size_t length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  char32_t c = length == 1 ? first : first & (0x7fU >> length);
  for (std::size_t k = 1; k < length && at + k < text.size(); ++k) c = (c << 6) | (static_cast<unsigned char>(text[at + k]) & 0x3fU);
  return {length, is_wide(c) ? 2U : 1U};
}

std::size_t width_of(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t i = 0; i < text.size();) {
    const Letter letter = letter_at(text, i);
    width += letter.columns;
    i += letter.bytes;
  }
  return width;
}

std::vector<std::size_t> shown_columns(const Table& table, bool wide) {
  std::vector<std::size_t> shown;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    if (wide || !table.columns[i].wide_only) shown.push_back(i);
  }
  return shown;
}

std::vector<std::size_t> widths_of(const Table& table, const TextStyle& style) {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    std::size_t widest = style.headers ? width_of(table.columns[i].title) : 0;
    for (const auto& row : table.rows) widest = std::max(widest, width_of(escaped(row[i].text)));
    widths.push_back(widest);
  }
  return widths;
}

// The last column is not padded.
class TableText {
 public:
  TableText(const Table& table, const TextStyle& style)
      : style_(style), shown_(shown_columns(table, style.wide)), widths_(widths_of(table, style)) {}

  std::string line(const std::vector<Cell>& row) const {
    std::string text;
    for (const std::size_t i : shown_) {
      text += render_cell(row[i], style_);
      if (i == shown_.back()) break;
      text.append(widths_[i] - width_of(escaped(row[i].text)), ' ');
      text += kGap;
    }
    return text + "\n";
  }

 private:
  TextStyle style_;
  std::vector<std::size_t> shown_;
  std::vector<std::size_t> widths_;
};

std::string render_table(const Table& table, const TextStyle& style) {
  if (table.columns.empty()) return {};
  const TableText writer(table, style);
  std::string text;
  if (style.headers) {
    std::vector<Cell> titles;
    for (const Column& column : table.columns) titles.emplace_back(column.title);
    text += writer.line(titles);
  }
  for (const auto& row : table.rows) text += writer.line(row);
  return text;
}

std::string render_section(const Section& section, const TextStyle& style) {
  std::string text = section.title.empty() ? "" : escaped(section.title) + "\n";
  std::size_t widest = 0;
  for (const auto& [raw, value] : section.facts) widest = std::max(widest, width_of(escaped(raw)));
  for (const auto& [raw, value] : section.facts) {
    const std::string name = escaped(raw);
    text += name + ":" + std::string(widest - width_of(name) + kGap.size(), ' ') + render_cell(value, style) + "\n";
  }
  for (const Cell& line : section.lines) text += render_cell(line, style) + "\n";
  return text + render_table(section.table, style);
}

// JSON lets DEL and the C1 controls (U+0080..U+009F) through; a terminal would obey them.
std::string without_controls(const std::string& json) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const auto byte = static_cast<unsigned char>(json[i]);
    const auto next = i + 1 < json.size() ? static_cast<unsigned char>(json[i + 1]) : 0U;
    const bool c1 = byte == 0xc2 && next >= 0x80 && next < 0xa0;
    const unsigned code = c1 ? next : byte;
    if (!c1 && byte != 0x7f) {
      text += json[i];
      continue;
    }
    text += "\\u00";
    text += kDigits[code >> 4];
    text += kDigits[code & 15];
    i += c1 ? 1 : 0;
  }
  return text;
}

std::string dump(const Json& json, int indent) {
  return without_controls(json.dump(indent, ' ', false, Json::error_handler_t::replace));
}

// Our own keys are plain words; a label's name is written by people, and quoted unless it is one too.
std::string yaml_key(const std::string& key) {
  const bool plain = !key.empty() && key.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos &&
                     key.find_first_not_of("0123456789_") != std::string::npos;
  return plain && key != "null" && key != "true" && key != "false" && key != "yes" && key != "no" ? key : dump(Json(key), -1);
}

// Every scalar in its JSON form is valid YAML; strings stay quoted, so "no" and "1e3" stay strings.
void append_yaml(std::string& text, const Json& json, std::size_t depth, bool after_dash) {
  if (!json.is_structured() || json.empty()) {
    text += (after_dash ? "" : " ") + dump(json, -1) + "\n";
    return;
  }
  if (!after_dash && depth > 0) text += "\n";
  bool first = after_dash;
  for (const auto& item : json.items()) {
    if (!first) text.append(depth * 2, ' ');
    first = false;
    if (json.is_array()) {
      text += "- ";
      append_yaml(text, item.value(), depth + 1, true);
    } else {
      text += yaml_key(item.key()) + ":";
      append_yaml(text, item.value(), depth + 1, false);
    }
  }
}

}  // namespace

std::string render_cell(const Cell& cell, const TextStyle& style) {
  const std::string text = escaped(cell.text);
  if (!style.color || cell.tone == Tone::kPlain || text.empty()) return text;
  return std::string(color_of(cell.tone)) + text + "\x1b[0m";
}

std::string fit(const std::string& raw, std::size_t columns) {
  static constexpr std::string_view kCut = "...";
  const std::string text = escaped(raw);
  if (width_of(text) <= columns) return text;
  std::size_t width = 0;
  std::size_t end = 0;
  while (end < text.size()) {
    const Letter letter = letter_at(text, end);
    if (width + letter.columns + kCut.size() > columns) break;
    width += letter.columns;
    end += letter.bytes;
  }
  return text.substr(0, end) + std::string(kCut.substr(0, columns - std::min(columns, width)));
}

std::string render_text(const Document& document, const TextStyle& style) {
  std::string text;
  for (const Section& section : document.sections) {
    if (!text.empty()) text += "\n";
    text += render_section(section, style);
  }
  return text;
}

std::string render_json(const Json& json) { return dump(json, 2) + "\n"; }
std::string render_json_line(const Json& json) { return dump(json, -1) + "\n"; }

std::string render_yaml(const Json& json) {
  std::string text;
  append_yaml(text, json, 0, true);
  return text;
}

}  // namespace ondol::cli
