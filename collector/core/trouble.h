// What is wrong with a host, as one word and one sentence: the worst thing only, in a fixed order. Pure.
#pragma once

#include <string>
#include <string_view>

#include "collector/core/host_record.h"

namespace ondol::collector {

// Worst first: the order in which hosts are listed.
enum class Trouble : std::uint8_t {
  kStuck = 1,  // it speaks, and sees nothing new
  kSilent,
  kContested,   // somebody else writes what we write
  kRolledBack,  // undid what it was offered last
  kRefused,     // refused it
  kBlocked,     // held, or not now by its guard file
  kUnobserved,  // an observer fails: what it does is not known
  kDrift,
  kTrial,  // tries a change now
  kUnknownSinceRestart,
  kNeverEnrolled,
  kRevoked,
  kNone,
};
std::string_view to_string(Trouble trouble);

struct Judged {
  Trouble trouble = Trouble::kNone;
  std::string reason;  // empty with kNone; it may hold a host's words
  bool operator==(const Judged&) const = default;
};
Trouble trouble_of(const HostState& state);
Judged judge(const HostState& state);

}  // namespace ondol::collector
