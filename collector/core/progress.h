// How far a change of intent has come: what each host did with the generation that it was offered. Pure.
#pragma once

#include <array>
#include <map>
#include <string>
#include <vector>

#include "collector/core/host_record.h"

namespace ondol::collector {

// Worst first: the order in which stragglers are told.
enum class Step : std::uint8_t {
  kRolledBack = 0,  // tried and undone
  kRefused,
  kBlocked,  // held, outside of its hours, or stuck: it goes on when somebody or the clock lets it
  kUnreachable,
  kAway,    // gone a moment ago, or not back yet since the collector started
  kTrying,  // applied, not yet confirmed
  kReceived,
  kWaiting,  // has not said that it received it
  kApplied,
};
inline constexpr std::size_t kSteps = 9;
std::string_view to_string(Step step);

struct ProgressQuestion {
  Revision
      revision;  // or how it begins: hosts whose desired state came with it; empty = every host that has one
  bool young = false;  // the collector started a moment ago: who is not back yet is away, not unreachable
  std::size_t stragglers = 20;  // at most so many are named
};

struct Straggler {
  HostId host;
  Step step = Step::kWaiting;
  Generation generation;
  std::string reason;
  WallTime last_seen{};
  WallTime deadline{};  // of a trial
  bool operator==(const Straggler&) const = default;
};

struct Progress {
  std::array<std::uint32_t, kSteps> hosts{};  // by Step
  std::uint32_t total = 0;
  std::vector<Straggler> stragglers;  // worst first, then by name
  std::uint32_t count(Step step) const { return hosts.at(static_cast<std::size_t>(step)); }
  bool operator==(const Progress&) const = default;
};

Step step_of(const HostState& state, bool young);
std::string reason_of(const HostState& state,
                      Step step);  // one sentence for people; it may hold a host's words

// Performance: one walk over all hosts; texts are made for the named ones only.
Progress progress_of(const std::map<HostId, HostState>& hosts, const ProgressQuestion& question);

}  // namespace ondol::collector
