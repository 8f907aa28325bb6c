#include "collector/cmdb/parse_csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "collector/cmdb/columns.h"
#include "collector/cmdb/split_csv.h"
#include "common/base/author.h"
#include "common/base/nearest_name.h"

namespace ondol::cmdb {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{64} << 20;
constexpr std::uint32_t kMaxLines = 600'000;
constexpr std::size_t kMaxCell = 256;          // bytes
constexpr std::size_t kMaxLabelsCell = 16'384; // bytes
constexpr std::size_t kMaxLabels = 64;
constexpr std::size_t kMaxErrors = 1'000;

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

std::string shown(const std::string& text) { return escaped(text.size() > 80 ? text.substr(0, 80) + "..." : text); }

// Columns whose values are names of layer files.
bool names_a_layer(std::string_view column) {
  return column == "name" || column == "cluster" || column == "phase" || column == "app_type" || column == "app_group" ||
         column == "app";
}

bool valid_label_key(std::string_view key) { return valid_host_name(std::string(key)); }

class CsvParser {
 public:
  explicit CsvParser(std::string_view text) : lines_(text) {}

  ParsedCsv run() && {
    const auto header = lines_.next();
    if (!header) {
      add(1, "", fmt::format("the file is empty; write the header: {}", fmt::join(column_names(), ",")));
      return std::move(parsed_);
    }
    read_header(*header);
    if (!parsed_.errors.empty()) return std::move(parsed_);
    while (auto line = lines_.next()) {
      if (line->number > kMaxLines) {
        add(line->number, "", fmt::format("more than {} lines; split the file", kMaxLines));
        break;
      }
      if (parsed_.errors.size() >= kMaxErrors) break;
      read_host(*line);
    }
    return std::move(parsed_);
  }

 private:
  void add(std::uint32_t line, std::string_view column, std::string message) {
    if (parsed_.errors.size() < kMaxErrors) parsed_.errors.push_back({line, std::string(column), std::move(message)});
  }

  void read_header(const CsvLine& line) {
    if (!line.fault.empty()) return add(line.number, "", line.fault);
    const auto& known = column_names();
    for (const std::string& cell : line.cells) {
      const auto found = std::find(known.begin(), known.end(), cell);
      if (found == known.end()) {
        add(line.number, shown(cell), fmt::format("unknown column '{}'; {}", shown(cell), suggestion(cell, known)));
      } else if (std::find(columns_.begin(), columns_.end(), *found) != columns_.end()) {
        add(line.number, *found, fmt::format("the column '{}' is there twice; remove one", *found));
      } else {
        columns_.push_back(*found);
      }
    }
    for (const std::string_view name : known) {
      if (std::find(columns_.begin(), columns_.end(), name) != columns_.end()) continue;
      add(line.number, name, fmt::format("the column '{}' is missing; add it, its cells may be empty", name));
    }
  }

  void read_host(const CsvLine& line) {
    if (!line.fault.empty()) return add(line.number, "", line.fault);
    if (line.cells.size() != columns_.size()) {
      return add(line.number, "", fmt::format("{} cells where the header has {}; add or remove commas, or quote a value with a comma",
                                              line.cells.size(), columns_.size()));
    }
    store::HostRecord record;
    for (std::size_t i = 0; i < columns_.size(); ++i) read_cell(line.number, columns_[i], line.cells[i], record);
    if (!record.name.value.empty()) {
      const auto [first, is_new] = first_lines_.emplace(record.name.value, line.number);
      if (!is_new) {
        add(line.number, "name", fmt::format("host '{}' is already in line {}; remove one of the lines", shown(record.name.value), first->second));
      }
    }
    parsed_.records.push_back(std::move(record));
  }

  void read_cell(std::uint32_t line, std::string_view column, const std::string& cell, store::HostRecord& record) {
    const std::size_t most = column == "labels" ? kMaxLabelsCell : kMaxCell;
    if (cell.size() > most) return add(line, column, fmt::format("longer than {} bytes; shorten it", most));
    if (escaped(cell) != cell) {
      return add(line, column, fmt::format("'{}' has control characters or is not UTF-8; save the file as UTF-8 text", shown(cell)));
    }
    if (column == "labels") return read_labels(line, cell, record);
    if (cell.starts_with(' ') || cell.ends_with(' ')) {
      return add(line, column, fmt::format("'{}' has spaces around it; remove them", shown(cell)));
    }
    if (cell.empty() && column == "name") return add(line, column, "a host without a name; write its name");
    if (!cell.empty() && names_a_layer(column) && !valid_host_name(cell)) return refuse_name(line, column, cell);
    *field_of(record, column) = cell;
  }

  void refuse_name(std::uint32_t line, std::string_view column, const std::string& cell) {
    const std::string lower = lower_case(cell);
    const std::string remedy = valid_host_name(lower) ? fmt::format("write '{}'", lower)
                                                      : "use 1 to 63 of a-z 0-9 . _ -, the first a letter or digit";
    add(line, column, fmt::format("'{}' is not a valid name; {}", shown(cell), remedy));
  }

  void read_labels(std::uint32_t line, std::string_view cell, store::HostRecord& record) {
    while (!cell.empty()) {
      const auto end = std::min(cell.find(';'), cell.size());
      const std::string_view label = cell.substr(0, end);
      cell.remove_prefix(std::min(end + 1, cell.size()));
      const auto equals = label.find('=');
      const std::string_view key = label.substr(0, equals);
      if (equals == std::string_view::npos || !valid_label_key(key)) {
        return add(line, "labels", fmt::format("'{}' is not a label; write key=value;key=value with keys of a-z 0-9 . _ -",
                                               shown(std::string(label))));
      }
      const std::string_view value = label.substr(equals + 1);
      if (value.size() > kMaxCell) return add(line, "labels", fmt::format("the label '{}' is longer than {} bytes; shorten it", key, kMaxCell));
      if (!record.labels.emplace(key, value).second) {
        return add(line, "labels", fmt::format("the label '{}' is there twice; remove one", key));
      }
      if (record.labels.size() > kMaxLabels) return add(line, "labels", fmt::format("more than {} labels; remove some", kMaxLabels));
    }
  }

  CsvSplitter lines_;
  std::vector<std::string_view> columns_;  // of the header, in its order
  std::unordered_map<std::string, std::uint32_t> first_lines_;
  ParsedCsv parsed_;
};

}  // namespace

ParsedCsv parse_csv(std::string_view text) {
  ParsedCsv refused;
  if (text.size() > kMaxBytes) {
    refused.errors.push_back({1, "", fmt::format("the file has more than {} bytes; split it", kMaxBytes)});
    return refused;
  }
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // spreadsheets write it
  return CsvParser(text).run();
}

}  // namespace ondol::cmdb
