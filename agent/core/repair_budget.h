// How often one object may be put back before the fight over it is called one.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "common/base/author.h"
#include "common/base/clock.h"
#include "common/resources/routes/route.h"

namespace ondol::agent {

// Limits: 5 repairs of one object in 60 s, the third to fifth 0.5, 1 and 2 s after the one before; then it is
// contested until release() or until nobody touched it for 10 minutes.
class RepairBudget {
 public:
  // When the next repair of this object may happen: now, later, or never (contested).
  struct Verdict {
    bool contested = false;
    BootTime not_before{};
  };
  Verdict judge(const routes::RouteKey& key, BootTime now);
  void spend(const routes::RouteKey& key, BootTime now);
  // Somebody else wrote it.
  void touched(const routes::RouteKey& key, const std::optional<Author>& author, BootTime now);

  bool is_contested(const routes::RouteKey& key) const;
  std::optional<Author> contender(const routes::RouteKey& key) const;
  std::size_t contested() const { return contested_.size(); }
  void release();
  // Objects whose contender stood still long enough; they are free again.
  std::vector<routes::RouteKey> release_still(BootTime now);
  BootTime next_release() const;  // BootTime::max() = none

 private:
  struct Account {
    std::deque<BootTime> repairs;  // within the window
    std::optional<Author> writer;
    BootTime last_touch{};
    bool contested = false;
  };
  std::map<routes::RouteKey, Account> accounts_;  // only objects that somebody touched
  std::set<routes::RouteKey> contested_;  // of them
  std::size_t prune_at_ = 1'024;          // accounts
};

}  // namespace ondol::agent
