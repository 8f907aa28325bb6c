// CMDB hosts from and to CSV (RFC 4180), with an error for every bad cell. Pure.
#pragma once

#include <cstdint>
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
// name is required; labels are "key=value;key=value". A UTF-8 byte order mark and CRLF are accepted: spreadsheets write
// them. name, cluster, phase, app_type, app_group and app name layer files: valid_host_name.
// Limits: 64 MiB, 600,000 lines, 256 bytes a cell (labels: 16,384), 64 labels of 256 bytes.
ParsedCsv parse_csv(std::string_view text);
// parse_csv(render_csv(x)) == x but for `changed` and `changed_by`, which no CSV has.
std::string render_csv(const std::vector<store::HostRecord>& records);

// "app=settlement,phase=live,labels.zone=a": every term must match; "!=" negates, also of a label that is not
// there; empty matches all.
struct Selector {
  struct Term {
    std::string field, value;
    bool negated = false;
    bool operator==(const Term&) const = default;
  };
  std::vector<Term> terms;
  bool operator==(const Selector&) const = default;
};
Result<Selector> parse_selector(std::string_view text);
bool matches(const Selector& selector, const store::HostRecord& record);

}  // namespace ondol::cmdb
