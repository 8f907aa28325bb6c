// A small file that is either whole and as it was written, or known to be broken: never half.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace ondol::agent {

// An open directory; every file of the agent's state lives in one.
class Directory {
 public:
  // Makes it when it is missing (mode 0750); its parent must exist.
  static Result<Directory> open(const std::string& path);
  Directory(Directory&& other) noexcept;
  Directory& operator=(Directory&&) = delete;
  ~Directory();

  int fd() const { return fd_; }
  const std::string& path() const { return path_; }
  Result<void> sync() const;

 private:
  Directory(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  int fd_;
  std::string path_;
};

inline constexpr std::size_t kFrameOverhead = 8 + 4 + 8 + 32;  // magic, version, length, SHA-256
inline constexpr std::size_t kMaxFrame = 64u << 20;            // bytes of payload

// Magic "ondolst1", version, length, payload, SHA-256 of all before it. Integers are little-endian.
std::string encode_frame(std::uint32_t version, std::string_view payload);
// Errors: kCorrupt for anything that is not exactly one whole frame of this version.
Result<std::string> decode_frame(std::uint32_t version, std::string_view bytes);

// Durable when it returns: temporary file, fsync, rename, fsync of the directory. On an error the old file stands, also
// when only the last step failed: what a restart finds and what the caller believes are the same.
Result<void> write_framed(const Directory& dir, const std::string& name, std::uint32_t version, std::string_view payload);
// Empty = never written. A broken file is set aside as NAME.corrupt and is an error of kind kCorrupt, now and at every
// later start, until it is written anew: broken is not the same as never written.
Result<std::optional<std::string>> read_framed(const Directory& dir, const std::string& name, std::uint32_t version);
// Durable when it returns; a file that is not there is fine. On an error it stands.
Result<void> remove_file(const Directory& dir, const std::string& name);

}  // namespace ondol::agent
