#include "agent/core/repair_budget.h"

#include <algorithm>

namespace ondol::agent {
namespace {

constexpr std::size_t kRepairs = 5;
constexpr Seconds kWindow{60};
constexpr Milliseconds kFirstDelay{500};
constexpr std::size_t kImmediate = 2;
constexpr std::chrono::minutes kStandStill{10};
constexpr std::size_t kPruneFrom = 1'024;  // accounts

}  // namespace

RepairBudget::Verdict RepairBudget::judge(const routes::RouteKey& key, BootTime now) {
  const auto found = accounts_.find(key);
  if (found == accounts_.end()) return {};
  Account& account = found->second;
  if (account.contested) return {true, {}};
  while (!account.repairs.empty() && now - account.repairs.front() > kWindow) account.repairs.pop_front();
  const std::size_t spent = account.repairs.size();
  if (spent >= kRepairs) {
    account.contested = true;
    contested_.insert(key);
    return {true, {}};
  }
  if (spent < kImmediate) return {};
  return {false, account.repairs.back() + kFirstDelay * (1 << (spent - kImmediate))};
}

void RepairBudget::spend(const routes::RouteKey& key, BootTime now) { accounts_[key].repairs.push_back(now); }

void RepairBudget::touched(const routes::RouteKey& key, const std::optional<Author>& author, BootTime now) {
  if (accounts_.size() >= prune_at_) {
    std::erase_if(accounts_, [&](const auto& a) { return !a.second.contested && now - a.second.last_touch > kWindow; });
    prune_at_ = std::max(kPruneFrom, 2 * accounts_.size());
  }
  Account& account = accounts_[key];
  account.last_touch = now;
  if (author) account.writer = author;
}

bool RepairBudget::is_contested(const routes::RouteKey& key) const {
  const auto found = accounts_.find(key);
  return found != accounts_.end() && found->second.contested;
}

std::optional<Author> RepairBudget::contender(const routes::RouteKey& key) const {
  const auto found = accounts_.find(key);
  return found == accounts_.end() ? std::nullopt : found->second.writer;
}

void RepairBudget::release() {
  accounts_.clear();
  contested_.clear();
}

std::vector<routes::RouteKey> RepairBudget::release_still(BootTime now) {
  std::vector<routes::RouteKey> free;
  for (const routes::RouteKey& key : contested_) {
    if (now - accounts_.at(key).last_touch >= kStandStill) free.push_back(key);
  }
  for (const routes::RouteKey& key : free) {
    accounts_.erase(key);
    contested_.erase(key);
  }
  return free;
}

BootTime RepairBudget::next_release() const {
  BootTime next = BootTime::max();
  for (const routes::RouteKey& key : contested_) next = std::min(next, accounts_.at(key).last_touch + kStandStill);
  return next;
}

}  // namespace ondol::agent
