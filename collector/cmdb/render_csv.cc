#include <fmt/format.h>

#include "collector/cmdb/columns.h"
#include "collector/cmdb/parse_csv.h"

namespace ondol::cmdb {
namespace {

std::string quoted(const std::string& cell) {
  if (cell.find_first_of(",\"\r\n") == std::string::npos) return cell;
  std::string text = "\"";
  for (const char c : cell) text += c == '"' ? std::string("\"\"") : std::string(1, c);
  return text + "\"";
}

std::string labels_of(const store::HostRecord& record) {
  std::string text;
  for (const auto& [key, value] : record.labels) text += (text.empty() ? "" : ";") + key + "=" + value;
  return text;
}

}  // namespace

std::string render_csv(const std::vector<store::HostRecord>& records) {
  std::string text = fmt::format("{}\n", fmt::join(column_names(), ","));
  for (const store::HostRecord& record : records) {
    std::string line;
    for (const std::string_view column : column_names()) {
      if (column != column_names().front()) line += ',';
      const std::string* field = field_of(record, column);
      line += quoted(field == nullptr ? labels_of(record) : *field);
    }
    text += line + "\n";
  }
  return text;
}

}  // namespace ondol::cmdb
