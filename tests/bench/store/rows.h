// The rows that the store and its floor both write: one value and one event per changed host, hosts in random order.
#pragma once

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <numeric>
#include <random>
#include <string>
#include <vector>

namespace ondol::bench {

constexpr std::size_t kHosts = 10'000;
constexpr std::size_t kValueBytes = 4'096;
constexpr std::size_t kEventBytes = 100;
constexpr std::size_t kHostsPerCommit = 500;

inline std::string host_name(std::size_t index) { return "host-" + std::to_string(index); }

inline std::vector<std::size_t> shuffled_hosts(unsigned round) {
  std::vector<std::size_t> order(kHosts);
  std::iota(order.begin(), order.end(), 0u);
  std::shuffle(order.begin(), order.end(), std::mt19937(round));
  return order;
}

inline std::string value_bytes(std::size_t host, unsigned round) {
  std::string bytes(kValueBytes, 'v');
  const std::string head = host_name(host) + " round " + std::to_string(round);
  std::copy(head.begin(), head.end(), bytes.begin());
  return bytes;
}

inline double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

inline double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

}  // namespace ondol::bench
