// How much intent may change on this host at once and within an hour, counted across restarts.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/clock.h"

namespace ondol::agent {

// Routes that one apply of intent changed. Repairs and undo are never counted.
struct AppliedChange {
  std::string boot_id;
  BootTime at{};
  std::uint32_t count = 0;
  bool operator==(const AppliedChange&) const = default;
};

inline constexpr Seconds kBudgetSpan{3'600};

class ChangeBudget {
 public:
  explicit ChangeBudget(std::string boot_id) : boot_id_(std::move(boot_id)) {}

  // What another boot did is as young as it can be: it was done before this one began.
  void restore(std::vector<AppliedChange> stored);
  // Nobody knows what was done: the hour is used up.
  void restore_unknown(BootTime now);
  void note(std::size_t count, BootTime now);
  const std::vector<AppliedChange>& stored() const { return changes_; }

  struct Verdict {
    bool allowed = true;
    BootTime free_at{};   // when not allowed: the earliest time at which it will be
    std::size_t used = 0;  // within the last hour
  };
  Verdict judge(std::size_t count, std::size_t limit, BootTime now) const;

 private:
  void forget_old(BootTime now);

  std::string boot_id_;
  std::vector<AppliedChange> changes_;  // oldest first; those within a minute are one
};

}  // namespace ondol::agent
