// A difference between desired and observed while it lasts: the record that is kept, shown and watched.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/session/messages.h"

namespace ondol::session {

enum class DriftOutcome : std::uint8_t {
  kOpen = 1,
  kRepaired,   // the agent put it back
  kResolved,   // a later value no longer shows it
  kAccepted,   // intent changed so that what is there is what is wanted
  kContested,  // still open: the repair budget is spent
};
std::string_view to_string(DriftOutcome outcome);
std::optional<DriftOutcome> drift_outcome_from(std::string_view word);

// Identity while it lasts: (host, type, key, kind). Flapping is one record with a count.
struct DriftRecord {
  DriftId id;
  HostId host;
  ResourceType type = ResourceType::kRoutes;
  routes::RouteKey key;
  DriftKind kind = DriftKind::kMissing;
  std::optional<routes::RouteState> state;  // empty for extra
  WallTime opened{};                        // collector clock
  std::optional<WallTime> closed;           // collector clock
  std::optional<WallTime> happened;         // host clock, from the event that told it; empty = found by comparison
  std::optional<ChangeKind> change;         // what the event said; empty = found by comparison
  std::optional<Author> author;             // empty = unknown
  std::uint32_t count = 1;
  DriftOutcome outcome = DriftOutcome::kOpen;
  Nanoseconds repair_latency{};             // 0 = not repaired by the agent
  std::optional<routes::RouteValue> desired, observed;
  std::string reason;                       // why it is not repaired
  bool operator==(const DriftRecord&) const = default;
};

// "10.20.0.0/16 removed by `ip route del 10.20.0.0/16` (pid 4121, user kim, session 12, from 10.0.0.5); back after
// 0.2 ms". Control characters from the host are escaped.
std::string render(const DriftRecord& drift);
// "10.20.0.0/16 removed by `...`", "repaired 10.20.0.0/16 after 0.2 ms", "generation 7 confirmed: 3 added ..."
std::string render(const HostEvent& event);

}  // namespace ondol::session
