// Numbers the host's events and remembers how far the collector has them.
#pragma once

#include <map>
#include <optional>

#include "agent/core/effects.h"

namespace ondol::agent {

class EventLog;

// What one step of the core works with.
struct Turn {
  Now now;
  std::uint64_t random = 0;
  Effects& out;
  EventLog& log;
};

using EventBody = decltype(session::HostEvent::what);

struct Untold {
  std::uint64_t unlisted = 0, contested = 0;
};

// Limits: changes of routes that nobody asked for are told 200 at once and 20 a second after, those of a contested object
// once a minute; the rest is counted.
class EventLog {
 public:
  // `unproven`: from here on the collector may have other events by the same numbers.
  void restore(EventSequence next, EventSequence oldest, EventSequence unproven);
  EventSequence append(EventBody body, Turn& turn);
  // May one more change of a route that no layer mentions be told?
  bool admit_unlisted(BootTime now);
  // May one more change of this contested object be told? A fight goes on for days.
  bool admit_contested(const routes::RouteKey& key, BootTime now);
  Untold take_untold();  // how many were not admitted since the last call

  // The first word of the collector since the start. A number that it has already and that we gave again, because the
  // state directory is new, older than it was, or lost its end, is moved above: an event must not pass for stored.
  void settle(EventSequence durable, Turn& turn);
  std::uint64_t take_moved();  // by how much, since the last call
  // The collector stored everything up to here; numbers it has seen are never given again.
  void acknowledged(EventSequence durable, Turn& turn);
  void trimmed(EventSequence oldest) { oldest_ = std::max(oldest_, oldest); }

  EventSequence next() const { return next_; }
  EventSequence oldest() const { return oldest_; }

 private:
  EventSequence next_{1}, oldest_{1};
  std::optional<EventSequence> unproven_ = EventSequence{1};
  double allowance_ = 200;
  BootTime refilled_{};
  Untold untold_;
  std::map<routes::RouteKey, BootTime> contested_told_;
  std::uint64_t moved_ = 0;
};

inline void tell(Turn& turn, Notice notice, std::string text) { turn.out.push_back(Tell{notice, std::move(text)}); }

}  // namespace ondol::agent
