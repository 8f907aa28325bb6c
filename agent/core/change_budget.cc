#include "agent/core/change_budget.h"

#include <algorithm>
#include <limits>

namespace ondol::agent {

void ChangeBudget::restore(std::vector<AppliedChange> stored) {
  changes_ = std::move(stored);
  for (AppliedChange& change : changes_) {
    if (change.boot_id != boot_id_) change = {boot_id_, BootTime{}, change.count};
  }
  std::ranges::stable_sort(changes_, {}, &AppliedChange::at);
}

void ChangeBudget::restore_unknown(BootTime now) {
  changes_ = {{boot_id_, now, std::numeric_limits<std::uint32_t>::max()}};
}

void ChangeBudget::forget_old(BootTime now) {
  std::erase_if(changes_, [&](const AppliedChange& change) { return now - change.at >= kBudgetSpan; });
}

void ChangeBudget::note(std::size_t count, BootTime now) {
  forget_old(now);
  const auto number = static_cast<std::uint32_t>(std::min<std::size_t>(count, std::numeric_limits<std::uint32_t>::max()));
  if (!changes_.empty() && now - changes_.back().at < Seconds{60} &&
      changes_.back().count <= std::numeric_limits<std::uint32_t>::max() - number) {
    changes_.back().at = now;
    changes_.back().count += number;
    return;
  }
  changes_.push_back({boot_id_, now, number});
}

ChangeBudget::Verdict ChangeBudget::judge(std::size_t count, std::size_t limit, BootTime now) const {
  Verdict verdict;
  for (const AppliedChange& change : changes_) {
    if (now - change.at < kBudgetSpan) verdict.used += change.count;
  }
  if (verdict.used + count <= limit) return verdict;
  verdict.allowed = false;
  verdict.free_at = now;
  std::size_t left = verdict.used;
  for (const AppliedChange& change : changes_) {
    if (now - change.at >= kBudgetSpan) continue;
    left -= change.count;
    verdict.free_at = change.at + kBudgetSpan;
    if (left + count <= limit) break;
  }
  return verdict;
}

}  // namespace ondol::agent
