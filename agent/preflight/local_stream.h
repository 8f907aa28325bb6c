// One unix stream with a time limit over everything that is read and written.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace ondol::preflight {

// Thread: one. Closes with the object.
class LocalStream {
 public:
  LocalStream(int fd, std::chrono::steady_clock::time_point deadline) : fd_(fd), deadline_(deadline) {}
  LocalStream(const LocalStream&) = delete;
  LocalStream& operator=(const LocalStream&) = delete;
  ~LocalStream();

  int fd() const { return fd_; }
  Result<void> connect(const std::string& path);
  Result<void> write(std::string_view bytes);
  Result<std::string> read(std::size_t size);               // exactly so many
  Result<std::string> read_frame(std::size_t most);         // kLimit when its header says more than `most`

 private:
  Result<void> wait_for(short events);

  int fd_;
  std::chrono::steady_clock::time_point deadline_;
};

}  // namespace ondol::preflight
