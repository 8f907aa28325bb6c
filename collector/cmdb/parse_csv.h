// CMDB hosts from and to CSV (RFC 4180), with an error for every bad cell. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "collector/store/store.h"

namespace ondol::cmdb {

struct CellNote {
  std::uint32_t line = 0;  // from 1; 1 is the header
  std::string column;      // header name; empty = the whole line
  std::string message;     // what is wrong and what to write instead
  bool operator==(const CellNote&) const = default;
};

struct ParsedCsv {
  std::vector<store::HostRecord> records;  // in file order; meaningful only without errors
  std::vector<CellNote> errors;            // at most 1,000; any error: nothing may be stored
};

// Header exactly, in any order: name, cluster, phase, app_type, app_group, app, service_code, owner, rack, labels.
// name is required; labels are "key=value;key=value". Limits: 64 MiB, 600,000 lines, 256 bytes a cell, 64 labels.
ParsedCsv parse_csv(std::string_view text);
std::string render_csv(const std::vector<store::HostRecord>& records);  // parse_csv(render_csv(x)) == x

// "app=settlement,phase=live,labels.zone=a": every term must match; "!=" negates; empty matches all.
struct Selector {
  struct Term {
    std::string field, value;
    bool negated = false;
  };
  std::vector<Term> terms;
};
Result<Selector> parse_selector(std::string_view text);
bool matches(const Selector& selector, const store::HostRecord& record);

}  // namespace ondol::cmdb
