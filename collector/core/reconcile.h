// Drift bookkeeping of one host: from events and compared values to records that open, last, flap and close. Pure.
#pragma once

#include <map>
#include <vector>

#include "common/session/drift.h"

namespace ondol::collector {

inline constexpr Seconds kFlapWindow{600};       // reopened within it: the same record with a higher count
inline constexpr Milliseconds kStaleWindow{2'000};  // a value may have been read just before a repair
inline constexpr std::size_t kMaxDriftPerHost = 40'000;  // 20,000 reported foreign routes and as many desired ones

struct Comparison {
  const routes::RoutesIntent* desired = nullptr;  // nullptr = unmanaged
  const session::RoutesReport* observed = nullptr;
  bool settled = false;         // the host runs the generation that `desired` is
  bool intent_changed = false;  // the first comparison with this generation
};

struct DriftCounts {
  std::uint32_t missing = 0, extra = 0, changed = 0, contested = 0;
  bool operator==(const DriftCounts&) const = default;
};

// Against what an event is judged.
struct Judgement {
  const routes::RoutesIntent* desired = nullptr;  // nullptr = unmanaged: nothing is drift
  bool settled = false;
};

// What one step of the book changed.
struct DriftOutcomes {
  std::vector<session::DriftRecord> touched;  // opened, enriched, closed: to be made durable
  DriftCounts opened;                         // records opened or reopened, by kind
  bool look_again = false;                    // a value contradicts a repair that is younger than kStaleWindow
};

// Limits: kMaxDriftPerHost records open or recently closed; beyond it differences are counted in overflow().
class DriftBook {
 public:
  explicit DriftBook(HostId host) : host_(std::move(host)) {}

  void load(const session::DriftRecord& open);
  // Opens what is new, refreshes what lasts, closes what is gone. `next` is the next free drift id.
  DriftOutcomes compare(const Comparison& with, WallTime now, DriftId& next);
  // Changes open, enrich or close; repairs close; everything else is history only.
  DriftOutcomes note(const session::HostEvent& event, const Judgement& against, WallTime now, DriftId& next);
  void forget(WallTime now);  // closed records older than kFlapWindow

  DriftCounts counts() const;
  std::vector<session::DriftRecord> open() const;  // sorted by key, kind
  bool empty() const { return entries_.empty(); }
  std::uint64_t overflow() const { return overflow_; }

 private:
  struct Key {
    routes::RouteKey route;
    DriftKind kind;
    auto operator<=>(const Key&) const = default;
    bool operator==(const Key&) const = default;
  };
  struct Entry {
    session::DriftRecord record;
    EventSequence told_by;  // the last change event that spoke of it; 0 = none
  };
  using Differences = std::map<Key, routes::RouteDifference>;
  struct Step {  // one call's scratch
    WallTime now;
    DriftId& next;
    DriftOutcomes out;
  };

  Entry* open_entry(const Key& key, Step& step);
  void open_difference(const Key& key, const routes::RouteDifference& difference,
                       const session::RouteObjectState* said, Step& step);
  bool is_other_story(const Key& key, const routes::RouteDifference& difference, const session::RouteObjectState* said) const;
  void close_unseen(const Comparison& with, const Differences& seen, Step& step);
  void close_if_open(const Key& key, Step& step);

  void note_change(const session::HostEvent& event, const session::RouteChange& change, const Judgement& against,
                   Step& step);
  void note_gone(const session::HostEvent& event, const session::RouteChange& change, const routes::Route* wanted,
                 const Judgement& against, Step& step);
  void note_there(const session::HostEvent& event, const session::RouteChange& change, const routes::Route* wanted,
                  const Judgement& against, Step& step);
  void tell(DriftKind kind, const session::HostEvent& event, const session::RouteChange& change,
            const routes::Route* wanted, Step& step);
  void note_repair(const session::RouteRepair& repair, const Judgement& against, Step& step);
  Entry* find_answered(const session::RouteRepair& repair, WallTime now);

  HostId host_;
  std::map<Key, Entry> entries_;
  std::uint64_t overflow_ = 0;
};

}  // namespace ondol::collector
