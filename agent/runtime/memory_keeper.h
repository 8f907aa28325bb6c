// The agent's own memory: one heap whatever the number of threads, and what a storm took is given back after it.
#pragma once

#include <cstdint>
#include <functional>

namespace ondol::agent {

// To be called before the first thread: a heap for each thread would keep what each once needed.
void use_one_heap();

// What the kernel says that this process holds in memory; 0 = it does not say.
std::uint64_t read_resident_bytes();

// Free memory stays with the heap until it is asked for: a storm of foreign routes would be paid for until the next start.
// Thread: one. Units: bytes. Limits: growth below 1 MiB is left to the heap, which needs it again.
class MemoryKeeper {
 public:
  // `trim` gives back what the heap does not use.
  MemoryKeeper(std::function<std::uint64_t()> resident, std::function<void()> trim);
  MemoryKeeper();  // the real ones

  // Every few seconds. Memory that grew and grows no longer is looked through, once for each growth.
  void look();

 private:
  std::function<std::uint64_t()> resident_;
  std::function<void()> trim_;
  std::uint64_t settled_ = 0, last_ = 0;
};

}  // namespace ondol::agent
