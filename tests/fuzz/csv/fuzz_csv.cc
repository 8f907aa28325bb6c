// Any bytes as CSV: records that survive the way out and back in, or errors with their line.
#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "collector/cmdb/parse_csv.h"

namespace {

void require(bool claim) {
  if (!claim) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ondol::cmdb;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const ParsedCsv parsed = parse_csv(text);
  for (const CellNote& note : parsed.errors) require(note.line >= 1 && !note.message.empty());
  if (parsed.errors.empty()) {
    const ParsedCsv again = parse_csv(render_csv(parsed.records));
    require(again.errors.empty() && again.records == parsed.records);
  }
  if (const auto selector = parse_selector(text.substr(0, text.find('\n')))) {
    for (const auto& record : parsed.records) (void)matches(*selector, record);
  }
  return 0;
}
