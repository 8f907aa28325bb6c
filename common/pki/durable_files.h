// Directories of small files that are whole or absent after a crash: written, synced, then named.
#pragma once

#include <string>
#include <vector>

#include "common/base/result.h"

namespace ondol::pki {

struct NewFile {
  std::string name;
  std::string content;
  bool secret = false;  // mode 0600 instead of 0644
};

// Makes `path` (mode 0700, must not exist) with these files in it, all synced, and syncs its parent. On an
// error nothing is left. Written by root, they belong to the owner of the parent: a service without root must
// read them afterwards.
Result<void> write_directory(const std::string& path, const std::vector<NewFile>& files);

Result<void> sync_directory(const std::string& path);

// kNotFound, kIo, or kLimit for more than `limit` bytes.
Result<std::string> read_bounded(const std::string& path, std::size_t limit);

}  // namespace ondol::pki
