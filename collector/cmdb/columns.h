// The columns of a host record by name: shared by CSV and selectors.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "collector/store/store.h"

namespace ondol::cmdb {

// In the order in which they are written; "labels" is last and has no field of its own.
const std::vector<std::string_view>& column_names();

// The text field of a column; nullptr for "labels" and for unknown names.
std::string* field_of(store::HostRecord& record, std::string_view column);
const std::string* field_of(const store::HostRecord& record, std::string_view column);

}  // namespace ondol::cmdb
