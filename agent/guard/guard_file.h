// Reads guard.yaml, which only root may write, and notices when it changes.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "agent/core/apply_guard.h"
#include "common/base/result.h"

namespace ondol::agent {

// Unknown keys and values out of bounds are errors with file:line:column.
using ReadZone = std::function<Result<TimeZone>(const std::string& name)>;
Result<TimeZone> read_system_zone(const std::string& name);  // from /usr/share/zoneinfo
Result<GuardRules> parse_guard(const std::string& text, const std::string& file, const ReadZone& read_zone = read_system_zone);

// A file that is missing means the defaults. One of another owner, writable by others, not a regular file, or not
// understood switches remote apply off and keeps the last good protections: a broken guard never opens a door.
// Thread: one.
class GuardFile {
 public:
  explicit GuardFile(std::string path, uid_t owner = 0) : path_(std::move(path)), owner_(owner) {}

  // The rules, when they are read for the first time or the file is another one than at the last call.
  std::optional<GuardRules> reload();

 private:
  struct Stamp {
    bool exists = false;
    std::uint64_t device = 0, inode = 0, size = 0;
    std::int64_t changed_ns = 0, modified_ns = 0;
    bool operator==(const Stamp&) const = default;
  };
  Stamp look() const;
  Result<GuardRules> read() const;

  std::string path_;
  uid_t owner_;
  std::optional<Stamp> seen_;
  GuardRules good_;
};

}  // namespace ondol::agent
