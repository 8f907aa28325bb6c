#include "collector/cmdb/columns.h"

namespace ondol::cmdb {

const std::vector<std::string_view>& column_names() {
  static const std::vector<std::string_view> kNames{"name", "cluster",      "phase", "app_type", "app_group",
                                                    "app",  "service_code", "owner", "rack",     "labels"};
  return kNames;
}

std::string* field_of(store::HostRecord& record, std::string_view column) {
  if (column == "name") return &record.name.value;
  if (column == "cluster") return &record.cluster;
  if (column == "phase") return &record.phase;
  if (column == "app_type") return &record.app_type;
  if (column == "app_group") return &record.app_group;
  if (column == "app") return &record.app;
  if (column == "service_code") return &record.service_code;
  if (column == "owner") return &record.owner;
  if (column == "rack") return &record.rack;
  return nullptr;
}

const std::string* field_of(const store::HostRecord& record, std::string_view column) {
  return field_of(const_cast<store::HostRecord&>(record), column);
}

}  // namespace ondol::cmdb
