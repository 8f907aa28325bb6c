// What a change of intent must still reach before it is kept: the rules of a trial, its probes and what they found.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/ip_prefix.h"

namespace ondol::trial {

enum class ProbeKind : std::uint8_t {
  kCollector = 1,  // a new TCP and TLS connection to the collector, and its answer
  kGateway = 2,    // the neighbour at `address` answers
  kDns = 3,        // the server at `address`, port 53, answers a query
  kTcp = 4,        // `address`:`port` accepts a connection
  kInbound = 5,    // the collector can connect to the host's own `port`
};
std::string_view to_string(ProbeKind kind);

struct ProbeTarget {
  ProbeKind kind = ProbeKind::kTcp;
  std::string name;         // for people; at most 64 bytes; empty = none was given
  IpAddress address{};      // kGateway, kDns, kTcp: an address, never a name that DNS must be up for
  std::uint16_t port = 0;   // kTcp, kInbound
  auto operator<=>(const ProbeTarget&) const = default;
  bool operator==(const ProbeTarget&) const = default;
};
// "tcp 10.0.0.5:22 (bastion)"
std::string render(const ProbeTarget& target);

struct ProbeResult {
  ProbeTarget target;
  bool green = false;
  std::string text;        // what was seen; at most 256 bytes
  Nanoseconds took{};
  bool operator==(const ProbeResult&) const = default;
};

inline constexpr std::size_t kMaxProbes = 32;  // in one trial, all kinds together
inline constexpr Milliseconds kShortestTrial{5'000};
inline constexpr Milliseconds kDefaultTrial{60'000};
inline constexpr Milliseconds kLongestTrial{3'600'000};

// Part of the desired state: every layer may say it, the guard file bounds it.
struct TrialRules {
  bool enabled = true;                    // false: an apply that was read back correctly is kept at once
  Milliseconds deadline{kDefaultTrial};   // from the first change to the collector's confirmation
  std::vector<ProbeTarget> probes;        // kTcp, kDns and kInbound, beside those that every trial has; sorted, unique
  bool operator==(const TrialRules&) const = default;
};

}  // namespace ondol::trial
