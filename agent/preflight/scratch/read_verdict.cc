#include "agent/preflight/scratch/read_verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "agent/preflight/frame.h"
#include "agent/preflight/scratch/candidate.h"
#include "agent/preflight/scratch/later_links.h"
#include "agent/preflight/scratch/read_paths.h"

namespace ondol::preflight {
namespace {

constexpr std::size_t kMaxBlamed = 16;  // operations that cut something off are looked for so many times

std::string describe(const routes::RouteOp& operation) {
  const std::string route = routes::render(operation.route);
  switch (operation.kind) {
    case routes::OpKind::kAdd:
    case routes::OpKind::kAppend: return "adding " + route;
    case routes::OpKind::kReplace:
      return fmt::format("replacing {} by {}", operation.before ? routes::render(operation.before->route) : "it", route);
    case routes::OpKind::kRemove: return "removing " + route;
  }
  return route;
}

std::string describe(const trial::ReachTarget& target) {
  const std::string address = render(target.address);
  if (target.name.empty()) return address;
  return target.name.find(address) != std::string::npos ? target.name : fmt::format("{} ({})", target.name, address);
}

// Empty = the host would be refused just so, and not merely wait.
std::string what_it_waits_for(const routes::RouteOp& operation, const routes::OpFailure& failure, const HostView& host) {
  if (!failure.waiting) return {};
  if (failure.error_number == EINVAL) return failure.text;  // its source is not an address of this host
  for (const routes::Nexthop& hop : operation.route.value.nexthops) {
    if (!hop.interface.empty()) {
      const HostLink* link = host.find(hop.interface);
      if (link == nullptr) return fmt::format("{} is not there", hop.interface.view());
      if (!link->up) return fmt::format("{} is down", hop.interface.view());
    }
    const HostLink* down = hop.gateway ? host.down_link_of(*hop.gateway) : nullptr;
    if (down != nullptr) return fmt::format("{} is down", down->name.view());
  }
  return {};
}

class VerdictReader {
 public:
  VerdictReader(routes::RequestSocket& socket, const Question& question, std::chrono::steady_clock::time_point deadline)
      : socket_(socket), question_(question), host_(question), deadline_(deadline), pins_(question.targets.size()) {}

  Result<Verdict> run() {
    ONDOL_TRY(look_before());
    auto candidate = Candidate::open(socket_, question_.operations);
    if (!candidate) return fail(candidate.error());
    take_failures(candidate->move_to(candidate->size()));
    const auto after = paths();
    if (!after) return fail(after.error());
    for (std::size_t i = 0; i < after->size(); ++i) verdict_.targets.push_back({before_[i].reach, (*after)[i].reach});
    ONDOL_TRY(blame(*candidate, *after));
    ONDOL_TRY(look_again_with_links_there(*candidate));
    sort_refusals();
    if (untold_ > 0) note(fmt::format("{} more refusals than are told", untold_));
    return std::move(verdict_);
  }

 private:
  Result<std::vector<Path>> paths() {
    if (std::chrono::steady_clock::now() > deadline_) return fail(Errc::kUnavailable, "the preflight took too long");
    return read_paths(socket_, host_, question_.targets, pins_);
  }

  // What waits today is in force some day, without another question.
  Result<void> look_again_with_links_there(Candidate& candidate) {
    if (awaited_.empty()) return {};
    candidate.move_to(0);
    if (!candidate.is_undoable()) {
      note("what waits for a link is not judged: the change cannot be taken back");
      return {};
    }
    const Question later = with_links_there(question_, awaited_);
    ONDOL_TRY(make_links_be_there(socket_, question_, later));
    VerdictReader second(socket_, later, deadline_);
    second.now_ = &question_;
    second.pins_ = pins_;
    second.before_ = before_;
    ONDOL_TRY(second.run_again(verdict_.judgement.refusals));
    for (auto& refusal : second.verdict_.judgement.refusals) refuse(refusal.operation, std::move(refusal.reason));
    return {};
  }

  // Without what was refused before. Failures were told before, too.
  Result<void> run_again(const std::vector<trial::PreflightRefusal>& refused) {
    auto candidate = Candidate::open(socket_, question_.operations);
    if (!candidate) return fail(candidate.error());
    for (std::size_t i = candidate->size(); i-- > 0;) {
      if (std::ranges::find(refused, i, &trial::PreflightRefusal::operation) != refused.end()) candidate->leave_out(i);
    }
    const auto without = paths();
    if (!without) return fail(without.error());
    for (std::size_t i = 0; i < without->size(); ++i) {
      if (is_lost(i, *without)) before_[i] = (*without)[i];  // the link costs it, whatever is changed
    }
    candidate->move_to(candidate->size());
    const auto after = paths();
    if (!after) return fail(after.error());
    return blame(*candidate, *after);
  }

  std::string once(std::size_t operation) const {
    if (now_ == nullptr) return {};
    const auto names = awaited_by(now_->operations[operation], *now_);
    if (names.empty()) return " once the links are there that others wait for";
    return fmt::format(" once {} {} there", fmt::join(names, " and "), names.size() == 1 ? "is" : "are");
  }

  const routes::RouteOp& operation_as_asked(std::size_t operation) const {
    return (now_ == nullptr ? question_ : *now_).operations[operation];
  }

  // Who calls us is pinned to where that works now.
  Result<void> look_before() {
    auto plain = paths();
    if (!plain) return fail(plain.error());
    for (std::size_t i = 0; i < plain->size(); ++i) {
      const Path& path = (*plain)[i];
      if (question_.targets[i].calls_us && path.reach.there && !path.is_local && path.reach.source) {
        pins_[i] = Pin{host_.link_of_answers(*path.reach.source, path.link), *path.reach.source};
      }
    }
    auto pinned = paths();
    if (!pinned) return fail(pinned.error());
    before_ = std::move(*pinned);
    for (std::size_t i = 0; i < before_.size(); ++i) {
      if (!before_[i].reach.there && (*plain)[i].reach.there) {
        pins_[i].reset();
        before_[i] = (*plain)[i];
      }
      note_what_is_not_reached(i);
    }
    return {};
  }

  void note_what_is_not_reached(std::size_t target) {
    const Path& path = before_[target];
    if (path.reach.there) return;
    const std::string_view so =
        path.way_out ? "is judged by the way out alone" : "is not reached now, so nothing can be said of it";
    note(fmt::format("{} {}: {}", describe(question_.targets[target]), so, path.reach.text));
  }

  void take_failures(const std::vector<routes::OpFailure>& failures) {
    for (const routes::OpFailure& failure : failures) {
      const routes::RouteOp& operation = question_.operations[failure.index];
      const std::string awaited = what_it_waits_for(operation, failure, host_);
      if (awaited.empty()) {
        refuse(failure.index, fmt::format("{} would fail: {}", describe(operation), failure.text));
      } else {
        note(fmt::format("{} waits: {}", describe(operation), awaited));
        awaited_.merge(awaited_by(operation, question_));
      }
    }
  }

  // Where answers do not come back today either, the way out is what can be lost.
  bool is_cut_off(std::size_t target, const std::vector<Path>& now) const {
    if (before_[target].reach.there) return !now[target].reach.there;
    return before_[target].way_out && !now[target].way_out;
  }

  bool is_lost(std::size_t target, const std::vector<Path>& now) const {
    const Path& before = before_[target];
    return is_cut_off(target, now) || (before.way_out && before.partial.empty() && !now[target].partial.empty());
  }

  std::string_view verb_for(std::size_t target, const std::vector<Path>& now) const {
    return is_cut_off(target, now) ? "would cut off" : "would cut off a part of the connections to";
  }

  const std::string& why_lost(std::size_t target, const std::vector<Path>& now) const {
    return is_cut_off(target, now) ? now[target].reach.text : now[target].partial;
  }

  std::vector<std::size_t> lost_in(const std::vector<Path>& now) const {
    std::vector<std::size_t> lost;
    for (std::size_t i = 0; i < now.size(); ++i) {
      if (is_lost(i, now)) lost.push_back(i);
    }
    return lost;
  }

  // The candidate is wholly applied, and so it is again after each round, without what was blamed so far.
  Result<void> blame(Candidate& candidate, std::vector<Path> now) {
    for (std::size_t round = 0; !lost_in(now).empty(); ++round) {
      const auto culprit = round < kMaxBlamed ? find_culprit(candidate, lost_in(now).front()) : std::optional<std::size_t>{};
      if (!culprit) return blame_together(now);
      const auto reason = reason_against(candidate, *culprit);
      if (!reason) return fail(reason.error());
      if (!candidate.is_undoable()) return blame_together(now);
      refuse(candidate.operation_at(*culprit), *reason);
      candidate.leave_out(*culprit);
      candidate.move_to(candidate.size());
      auto next = paths();
      if (!next) return fail(next.error());
      if (!candidate.is_undoable()) return blame_together(now);
      now = std::move(*next);
    }
    return {};
  }

  // The position whose operation the target is lost with, and reached without it and what comes after.
  Result<std::optional<std::size_t>> position_of_loss(Candidate& candidate, std::size_t target) {
    std::size_t reached = 0, lost = candidate.size();
    candidate.move_to(0);
    auto now = paths();
    if (!now) return fail(now.error());
    if (is_lost(target, *now)) return std::nullopt;
    while (lost - reached > 1) {
      const std::size_t middle = reached + (lost - reached) / 2;
      candidate.move_to(middle);
      now = paths();
      if (!now) return fail(now.error());
      (is_lost(target, *now) ? lost : reached) = middle;
    }
    return lost - 1;
  }

  std::optional<std::size_t> find_culprit(Candidate& candidate, std::size_t target) {
    const auto found = position_of_loss(candidate, target);
    return found ? *found : std::nullopt;
  }

  // All that this one operation costs, in one sentence.
  Result<std::string> reason_against(Candidate& candidate, std::size_t position) {
    candidate.move_to(position);
    const auto without = paths();
    if (!without) return fail(without.error());
    candidate.move_to(position + 1);
    const auto with = paths();
    if (!with) return fail(with.error());
    std::vector<std::size_t> costs;
    for (const std::size_t target : lost_in(*with)) {
      if (!is_lost(target, *without)) costs.push_back(target);
    }
    const std::size_t operation = candidate.operation_at(position);
    return describe(operation_as_asked(operation)) + " " + cost(costs, *with, once(operation));
  }

  // Told of the first: whole losses and partial ones come from routes alike.
  std::string cost(const std::vector<std::size_t>& targets, const std::vector<Path>& now, const std::string& when) const {
    std::string names;
    for (const std::size_t target : targets) {
      if (!names.empty()) names += ", ";
      names += describe(question_.targets[target]);
    }
    if (targets.empty()) return "would cut something off";
    return fmt::format("{} {}{}: {}", verb_for(targets.front(), now), names, when, why_lost(targets.front(), now));
  }

  Result<void> blame_together(const std::vector<Path>& now) {
    for (const std::size_t target : lost_in(now)) {
      refuse(trial::kNoneAlone, "together these changes " +
                                     cost({target}, now, now_ == nullptr ? "" : " once the links are there that they wait for"));
    }
    return {};
  }

  void refuse(std::size_t operation, std::string reason) {
    auto& refusals = verdict_.judgement.refusals;
    if (refusals.size() < kMaxRefusals) return refusals.push_back({operation, std::move(reason)});
    ++untold_;
  }

  void note(std::string text) {
    auto& notes = verdict_.judgement.notes;
    if (notes.size() < kMaxRefusals) notes.push_back(std::move(text));
  }

  void sort_refusals() {
    std::ranges::stable_sort(verdict_.judgement.refusals, {}, &trial::PreflightRefusal::operation);
  }

  routes::RequestSocket& socket_;
  const Question& question_;
  HostView host_;
  std::chrono::steady_clock::time_point deadline_;
  std::vector<std::optional<Pin>> pins_;
  std::vector<Path> before_;
  std::set<std::string> awaited_;    // links
  const Question* now_ = nullptr;    // when links are judged as being there: what was asked without them
  std::size_t untold_ = 0;  // refusals past kMaxRefusals
  Verdict verdict_;
};

}  // namespace

Result<Verdict> read_verdict(routes::RequestSocket& socket, const Question& question,
                                 std::chrono::steady_clock::time_point deadline) {
  return VerdictReader(socket, question, deadline).run();
}

}  // namespace ondol::preflight
