// The host's numbered event log on disk: bounded, survives kill -9 at any byte, cut off where it is torn.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/state/framed_file.h"
#include "common/session/messages.h"

namespace ondol::agent {

struct SpoolLimits {
  std::uint64_t max_bytes = 64u << 20;
  std::uint64_t max_events = 100'000;
  std::uint64_t segment_bytes = 1u << 20;
  std::size_t kept_in_memory = 1'024;  // of the newest events; while the disk is full they wait here
};

// Segments are files named by the first number in them. A record is length, XXH3-64 of what follows, number, event.
// What follows counts the spool's own numbers; `numbers` beside the segments says how much higher they are outside.
// Nothing waits for the disk: a batch may be sent before it is durable, because a number that was given again after a
// power cut is found out when the collector says how far it has them (EventLog::settle). unflushed() is for another thread.
// Thread: one.
// Errors: a disk that is full or broken drops the oldest events, never the newest; `problem()` says so.
class EventSpool {
 public:
  static Result<EventSpool> open(const std::string& path, const SpoolLimits& limits = {});
  EventSpool(EventSpool&&) = default;

  // event.sequence must be at least next(): a jump forward starts a new segment.
  void append(const session::HostEvent& event);
  // Everything up to here is stored elsewhere.
  void truncate(EventSequence through);
  // From `from` on: at most kMaxEventsPerBatch events and about `max_bytes`. `lost` counts what the bound dropped before
  // the first one.
  Result<session::EventBatch> read(EventSequence from, std::size_t max_bytes);
  // The collector has what is before `from`; what is left is `by` higher from now on, and proven.
  void settle(EventSequence from, std::uint64_t by);

  bool has_unflushed() const { return !unflushed_.empty(); }
  // Files for flush_files(); the answer goes to flushed().
  std::vector<std::string> take_unflushed();
  void flushed(const Result<void>& result);

  EventSequence next() const { return EventSequence{next_ + base_}; }
  EventSequence unproven() const { return EventSequence{unproven_.value_or(next_) + base_}; }
  EventSequence oldest() const;  // next() when empty
  std::uint64_t depth() const;   // events
  std::uint64_t dropped() const { return dropped_; }  // by the bound, since open
  std::uint64_t torn_bytes() const { return torn_bytes_; }  // cut off at open
  // Of the last write or flush; empty = fine.
  const std::string& problem() const { return problem_.empty() ? flush_problem_ : problem_; }

 private:
  struct Segment {
    std::uint64_t first = 0;
    std::uint64_t events = 0;
    std::uint64_t bytes = 0;
  };
  struct Recent {
    std::uint64_t sequence = 0;
    std::string bytes;     // encoded event
    bool on_disk = false;
  };

  EventSpool(Directory dir, const SpoolLimits& limits) : dir_(std::move(dir)), limits_(limits) {}
  Result<void> scan();
  Result<void> scan_segment(std::uint64_t first, bool is_last);
  void flush_recent();
  bool write_record(const Recent& event);
  bool start_segment(std::uint64_t first);
  void drop_oldest_segment();
  void enforce_limits();
  std::string name_of(std::uint64_t first) const;
  std::vector<Recent> load(std::uint64_t from, std::size_t max_bytes) const;
  void read_numbers();
  void write_numbers() const;
  session::HostEvent decoded(const Recent& event) const;

  Directory dir_;
  SpoolLimits limits_;
  std::deque<Segment> segments_;  // oldest first; the last one is written to
  std::deque<Recent> recent_;     // the newest events, contiguous up to next_ - 1
  std::uint64_t next_ = 1, base_ = 0;
  std::optional<std::uint64_t> unproven_ = 1;  // empty = all are
  std::uint64_t acknowledged_ = 0, dropped_ = 0, torn_bytes_ = 0;
  std::set<std::uint64_t> unflushed_;  // segments
  std::string problem_, flush_problem_;
};

// Thread: any. Files that are gone meanwhile are fine.
Result<void> flush_files(const std::vector<std::string>& files);

}  // namespace ondol::agent
