#include "agent/runtime/memory_keeper.h"

#include <fcntl.h>
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

namespace ondol::agent {
namespace {

constexpr std::uint64_t kNoticed = 1024 * 1024;
// Fixed, or freeing one large block would have glibc keep all blocks of up to 32 MiB in the heap from then on.
constexpr int kOwnMapping = 256 * 1024, kKeptOnTop = 128 * 1024;

void trim_heap() { ::malloc_trim(0); }

}  // namespace

void use_one_heap() {
  ::mallopt(M_ARENA_MAX, 1);
  ::mallopt(M_MMAP_THRESHOLD, kOwnMapping);
  ::mallopt(M_TRIM_THRESHOLD, kKeptOnTop);
}

std::uint64_t read_resident_bytes() {
  std::array<char, 128> text{};
  const int file = ::open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  const ssize_t size = ::read(file, text.data(), text.size() - 1);
  ::close(file);
  unsigned long long all = 0, resident = 0;
  if (size <= 0 || std::sscanf(text.data(), "%llu %llu", &all, &resident) != 2) return 0;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

MemoryKeeper::MemoryKeeper(std::function<std::uint64_t()> resident, std::function<void()> trim)
    : resident_(std::move(resident)), trim_(std::move(trim)) {}
MemoryKeeper::MemoryKeeper() : MemoryKeeper(read_resident_bytes, trim_heap) {}

void MemoryKeeper::look() {
  const std::uint64_t now = resident_();
  const bool still_grows = now > std::exchange(last_, now) + kNoticed;
  if (settled_ == 0 || now < settled_) settled_ = now;
  if (still_grows || now <= settled_ + kNoticed) return;
  trim_();
  last_ = settled_ = resident_();
}

}  // namespace ondol::agent
