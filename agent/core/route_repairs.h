// Puts confirmed routes back that somebody disturbed: object by object, at once, within hold and budget.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/core/event_log.h"
#include "agent/core/events.h"
#include "agent/core/repair_budget.h"
#include "agent/core/route_book.h"

namespace ondol::agent {

// Why an object needs a repair.
struct Cause {
  EventSequence answers;          // the change that was told; 0 = none
  BootTime seen{};                // when the trigger was read
  bool another_writer = false;    // costs budget; the kernel's own deletions do not
  bool told = false;              // an outcome for this cause is in the log, or none is due
};

struct RepairFigures {
  std::size_t enforced = 0, waiting = 0, failed = 0;
};

// Thread: one. At most one ApplyRoutes is in flight; what comes meanwhile is wanted afterwards.
class RouteRepairs {
 public:
  explicit RouteRepairs(RouteBook& book) : book_(book) {}

  // The object is not as confirmed; a second cause before the repair replaces the first.
  void want(const routes::RouteKey& key, Cause cause);
  void want_all(Turn& turn);        // everything that is not in sync: boot, a new generation, a release
  void want_waiting(BootTime seen);  // something appeared: try again what waits
  void touched(const routes::RouteKey& key, const std::optional<Author>& author, BootTime now);

  void flush(Turn& turn);  // starts what is due
  void on_applied(const RoutesApplied& applied, Turn& turn);
  void on_ledger_persisted(const Result<void>& result, Turn& turn);
  void on_timer(Turn& turn);  // stand-still

  void release(Turn& turn);  // hold ended, or a new generation: contested objects are free again
  void forget();             // everything is withdrawn
  void renumber(std::uint64_t by);  // the changes that are to be answered carry higher numbers now
  // A generation was confirmed. What somebody disturbed while it was being applied is wanted, the rest is forgotten.
  void begin_anew(Turn& turn);

  bool busy() const { return stage_ != Stage::kIdle; }
  bool awaits_ledger() const { return stage_ == Stage::kLedger; }
  bool take_needs_read();    // only a new read can tell what is there
  BootTime next_due() const;
  std::size_t contested() const { return budget_.contested(); }
  bool is_contested(const routes::RouteKey& key) const { return budget_.is_contested(key); }
  const RepairFigures& last_round() const { return last_round_; }

  bool held = false;  // by an operator or the guard file

 private:
  enum class Stage : std::uint8_t { kIdle, kLedger, kApplying };
  struct Wanted {
    Cause cause;
    BootTime not_before{};
  };
  struct Setback {
    int failures = 0;
    std::string text;
  };

  std::vector<routes::RouteKey> due(Turn& turn);
  void stage(std::vector<routes::RouteOp> operations, Turn& turn);
  void drop_refused(std::vector<routes::RouteOp>& operations, Turn& turn);
  void explain_left_alone(const std::vector<routes::RouteKey>& keys, const std::vector<routes::RouteOp>& operations,
                          Turn& turn);
  void set_aside(session::RepairOutcome outcome, const std::string& reason, Turn& turn);
  void on_done(const routes::RouteOp& op, const Now& finished, Turn& turn);
  void on_failed(const routes::RouteOp& op, const FailedOp& failure, Turn& turn);
  void on_waiting(const routes::RouteOp& op, const FailedOp& failure, Turn& turn);
  void contest(const routes::RouteKey& key, Turn& turn);
  void conclude(const routes::RouteKey& key, session::RepairOutcome outcome, std::string reason, Nanoseconds latency,
                Turn& turn);

  RouteBook& book_;
  RepairBudget budget_;
  Stage stage_ = Stage::kIdle;
  std::map<routes::RouteKey, Wanted> wanted_;
  std::map<routes::RouteKey, Setback> setbacks_;
  std::vector<routes::RouteOp> staged_;
  std::map<routes::RouteKey, Cause> in_flight_;
  RepairFigures last_round_;
  bool needs_read_ = false;
};

}  // namespace ondol::agent
