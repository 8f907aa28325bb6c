#include "agent/core/withdrawal.h"

#include <fmt/format.h>

#include <algorithm>

namespace ondol::agent {

void Withdrawal::begin(std::uint64_t request, std::string who, Turn& turn) {
  request_ = request;
  who_ = std::move(who);
  stage_ = Stage::kForget;
  turn.out.push_back(PersistConfirmed{std::nullopt});
}

void Withdrawal::on_persisted(const Persisted& persisted, Turn& turn) {
  if (stage_ == Stage::kForget && persisted.item == StoredItem::kConfirmed) {
    // Without a durable word that nothing is wanted any more, the next start would put it all back.
    if (!persisted.result) return finish(false, "nothing was removed: storage: " + persisted.result.error().message, turn);
    book_.confirm(std::nullopt);
    stage_ = Stage::kRead;
    turn.out.push_back(book_.read(ReadPurpose::kWithdraw, nullptr));
  } else if (stage_ == Stage::kLedger && persisted.item == StoredItem::kLedger) {
    const std::size_t left = operations_.size() - removed_;
    std::string text = fmt::format("removed {} routes, {} could not be removed", removed_, left);
    if (!persisted.result) text += "; the ledger still lists them: storage: " + persisted.result.error().message;
    finish(left == 0 && persisted.result.has_value(), std::move(text), turn);
  }
}

void Withdrawal::on_read(const RoutesRead& read, Turn& turn) {
  if (stage_ != Stage::kRead || read.purpose != ReadPurpose::kWithdraw) return;
  if (!read.snapshot) return finish(false, "routes could not be read: " + read.snapshot.error().message, turn);
  operations_ = plan_withdrawal(book_.table().snapshot()).operations;
  stage_ = Stage::kApply;
  turn.out.push_back(ApplyRoutes{ApplyPurpose::kWithdraw, operations_});
}

void Withdrawal::on_applied(const RoutesApplied& applied, Turn& turn) {
  if (stage_ != Stage::kApply || applied.purpose != ApplyPurpose::kWithdraw) return;
  removed_ = 0;
  for (std::size_t i = 0; i < operations_.size() && i < applied.done.size(); ++i) {
    if (!applied.done[i]) continue;
    book_.made(operations_[i]);
    ++removed_;
  }
  book_.keep_only_wanted();
  stage_ = Stage::kLedger;
  turn.out.push_back(PersistLedger{book_.ledger()});
}

void Withdrawal::finish(bool accepted, std::string text, Turn& turn) {
  stage_ = Stage::kIdle;
  turn.log.append(session::ObserverNotice{session::ResourceType::kRoutes, "withdraw", who_ + ": " + text}, turn);
  tell(turn, Notice::kWithdrawn, who_ + ": " + text);
  turn.out.push_back(Answer{request_, accepted, std::move(text)});
}

}  // namespace ondol::agent
