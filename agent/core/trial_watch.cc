#include "agent/core/trial_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace ondol::agent {
namespace {

using trial::ProbeKind;
using trial::ProbeResult;
using trial::ProbeTarget;

constexpr Milliseconds kProbesWithin{2'000}, kContactWithin{10'000};
constexpr Milliseconds kAnswerSlack{2'000};  // of the edge that makes the attempt
constexpr Milliseconds kInterval{1'000};     // from one attempt to the next
constexpr int kRedsToFail = 3;
constexpr std::size_t kMaxText = 256;

const ProbeTarget kTheCollector{ProbeKind::kCollector, {}, {}, 0};

bool is_made_here(const ProbeTarget& target) {
  return target.kind != ProbeKind::kInbound && target.kind != ProbeKind::kCollector;
}

std::string was_green(const ProbeResult& result) {
  return fmt::format("probe: {} was green before: {}", render(result.target), result.text);
}

}  // namespace

void TrialWatch::Asked::give(std::uint64_t number, BootTime now, Milliseconds within) {
  attempt = number;
  since = now;
  answer_by = now + within + kAnswerSlack;
  next = BootTime::max();
}

void TrialWatch::Asked::answered(BootTime now) {
  attempt.reset();
  answer_by = BootTime::max();
  next = std::max(now, since + kInterval);
}

void TrialWatch::look_before(session::Contact who, const trial::TrialRules& rules, Turn& turn) {
  end();
  stage_ = Stage::kBefore;
  who_ = std::move(who);
  who_.phase = session::ContactPhase::kBefore;
  std::vector<ProbeTarget> here;
  for (const ProbeTarget& target : rules.probes) {
    if (target.kind == ProbeKind::kInbound) inbound_.push_back(target);
    if (is_made_here(target)) here.push_back(target);
  }
  std::ranges::sort(inbound_, {}, &ProbeTarget::port);
  const auto twice = std::ranges::unique(inbound_, {}, &ProbeTarget::port);
  inbound_.erase(twice.begin(), twice.end());
  for (const ProbeTarget& target : inbound_) who_.inbound_ports.push_back(target.port);
  ask_probes(std::move(here), turn);
  ask_contact(turn);
}

void TrialWatch::begin(BootTime deadline, Turn& turn) {
  stage_ = Stage::kAfter;
  deadline_ = deadline;
  confirmed_ = reached_ = false;
  contact_text_.clear();
  reds_.clear();
  std::erase_if(seen_, [this](const auto& entry) { return !std::ranges::binary_search(required_, entry.first); });
  for (auto& [target, result] : seen_) result = {target, false, "not tried yet", {}};
  who_.phase = session::ContactPhase::kAfter;
  who_.inbound_ports = required_ports();
  if (auto here = required_here(); !here.empty()) ask_probes(std::move(here), turn);
  ask_contact(turn);
}

void TrialWatch::look_after_undo(Turn& turn) {
  stage_ = Stage::kAfterUndo;
  contact_ = {};
  probes_ = {};
  if (auto here = required_here(); !here.empty()) ask_probes(std::move(here), turn);
}

void TrialWatch::rest() {
  stage_ = Stage::kIdle;
  probes_ = contact_ = {};
  deadline_ = BootTime::max();
}

void TrialWatch::end() {
  rest();
  required_.clear();
  inbound_.clear();
  seen_.clear();
  reds_.clear();
  reached_ = confirmed_ = false;
  contact_text_.clear();
  denied_.clear();
}

void TrialWatch::ask_probes(std::vector<ProbeTarget> targets, Turn& turn) {
  probes_.give(++attempts_, turn.now.boot, kProbesWithin);
  const ProbePhase phase = stage_ == Stage::kBefore ? ProbePhase::kBefore
                           : stage_ == Stage::kAfter ? ProbePhase::kAfter
                                                     : ProbePhase::kAfterUndo;
  turn.out.push_back(RunProbes{attempts_, phase, std::move(targets), kProbesWithin});
}

void TrialWatch::ask_contact(Turn& turn) {
  const auto left = std::chrono::duration_cast<Milliseconds>(deadline_ - turn.now.boot);
  const Milliseconds within = stage_ == Stage::kAfter ? std::clamp(left, Milliseconds{1}, kContactWithin) : kContactWithin;
  contact_.give(++attempts_, turn.now.boot, within);
  turn.out.push_back(MakeContact{attempts_, who_, within});
}

void TrialWatch::note(ProbeResult result) {
  if (result.text.size() > kMaxText) result.text.resize(kMaxText);
  int& reds = reds_[result.target];
  reds = result.green ? 0 : reds + 1;
  seen_[result.target] = std::move(result);
}

void TrialWatch::note_contact(bool green, std::string text, Nanoseconds took) {
  contact_text_ = text;
  seen_[kTheCollector] = {kTheCollector, green, std::move(text), took};
}

void TrialWatch::on_probes(const ProbesDone& done, Turn& turn) {
  if (probes_.attempt != done.attempt) return;
  probes_.answered(turn.now.boot);
  for (const ProbeResult& result : done.results) {
    // Before the change the edge adds what every host has: its gateways and name servers.
    const bool asked = stage_ == Stage::kBefore || std::ranges::binary_search(required_, result.target);
    if (!asked || !is_made_here(result.target)) continue;
    if (!seen_.contains(result.target) && seen_.size() >= trial::kMaxProbes - 1) continue;
    note(result);
    if (stage_ == Stage::kBefore && result.green) required_.push_back(result.target);
  }
  std::ranges::sort(required_);
  if (stage_ != Stage::kAfter) probes_.next = BootTime::max();
}

void TrialWatch::on_contact(const ContactMade& made, Turn& turn) {
  if (contact_.attempt != made.attempt) return;
  const Nanoseconds took = turn.now.boot - contact_.since;
  contact_.answered(turn.now.boot);
  if (stage_ == Stage::kBefore) contact_.next = BootTime::max();
  if (!made.reply) return note_contact(false, made.reply.error().message, took);
  if (made.reply->generation != who_.generation) return note_contact(false, "it answered about another generation", took);
  const bool refused_before = stage_ == Stage::kBefore && !made.reply->reason.empty();
  note_contact(!refused_before, refused_before ? made.reply->reason : "answered", took);
  reached_ = !refused_before;
  take_reply(*made.reply, turn);
}

void TrialWatch::take_reply(const session::ContactReply& reply, Turn& turn) {
  if (stage_ == Stage::kBefore && reached_) required_.push_back(kTheCollector);
  bool inbound_green = true;
  for (const ProbeResult& result : reply.inbound) {
    const ProbeTarget* target = inbound(result.target.port);
    const bool asked = target != nullptr && std::ranges::binary_search(who_.inbound_ports, target->port);
    if (result.target.kind != ProbeKind::kInbound || !asked) continue;
    note({*target, result.green, result.text, result.took});
    if (stage_ == Stage::kBefore && result.green) required_.push_back(*target);
    inbound_green = inbound_green && result.green;
  }
  std::ranges::sort(required_);
  if (stage_ != Stage::kAfter) return;
  if (!reply.confirmed) {
    contact_text_ = "the collector answered and did not confirm";
    // A port that does not answer any more is tried again, like every probe.
    if (inbound_green) denied_ = reply.reason;
    return;
  }
  if (!inbound_green || turn.now.boot >= deadline_) return;
  confirmed_ = true;
  contact_.next = BootTime::max();
}

void TrialWatch::on_timer(Turn& turn) {
  give_up_silent(turn);
  if (stage_ != Stage::kAfter) return;
  if (probes_.next <= turn.now.boot) ask_probes(required_here(), turn);
  if (contact_.next <= turn.now.boot && turn.now.boot < deadline_) ask_contact(turn);
}

void TrialWatch::give_up_silent(Turn& turn) {
  if (probes_.attempt && probes_.answer_by <= turn.now.boot) {
    probes_.answered(turn.now.boot);
    for (const ProbeTarget& target : required_here()) note({target, false, "the probe did not end", {}});
    if (stage_ != Stage::kAfter) probes_.next = BootTime::max();
  }
  if (contact_.attempt && contact_.answer_by <= turn.now.boot) {
    contact_.answered(turn.now.boot);
    note_contact(false, "no answer", turn.now.boot - contact_.since);
    if (stage_ != Stage::kAfter) contact_.next = BootTime::max();
  }
}

bool TrialWatch::all_green() const {
  return std::ranges::all_of(seen_, [](const auto& entry) {
    return entry.second.green || entry.first.kind == ProbeKind::kCollector;  // that one is `confirmed_`
  });
}

TrialWatch::Verdict TrialWatch::verdict(BootTime now) const {
  switch (stage_) {
    case Stage::kIdle: return Verdict::kGood;
    case Stage::kBefore:
      if (probes_.attempt || contact_.attempt) return Verdict::kOpen;
      return reached_ ? Verdict::kGood : Verdict::kBad;
    case Stage::kAfter: {
      const bool failed = std::ranges::any_of(reds_, [](const auto& entry) { return entry.second >= kRedsToFail; });
      if (failed || !denied_.empty() || now >= deadline_) return Verdict::kBad;
      return confirmed_ && all_green() ? Verdict::kGood : Verdict::kOpen;
    }
    case Stage::kAfterUndo: return probes_.attempt ? Verdict::kOpen : Verdict::kGood;
  }
  return Verdict::kOpen;
}

std::string TrialWatch::reason() const {
  if (stage_ == Stage::kAfter) {
    for (const auto& [target, reds] : reds_) {
      if (reds >= kRedsToFail) return was_green(seen_.at(target));
    }
    if (!denied_.empty()) return "not_confirmed: " + denied_;
    for (const auto& [target, result] : seen_) {
      if (confirmed_ && !result.green && target.kind != ProbeKind::kCollector) return was_green(result);
    }
  }
  return "no_contact: " + (contact_text_.empty() ? std::string("no answer") : contact_text_);
}

BootTime TrialWatch::next_due() const {
  if (stage_ == Stage::kIdle) return BootTime::max();
  return std::min({probes_.answer_by, probes_.next, contact_.answer_by, contact_.next,
                   stage_ == Stage::kAfter ? deadline_ : BootTime::max()});
}

std::vector<ProbeTarget> TrialWatch::required_here() const {
  std::vector<ProbeTarget> here;
  std::ranges::copy_if(required_, std::back_inserter(here), is_made_here);
  return here;
}

std::vector<std::uint16_t> TrialWatch::required_ports() const {
  std::vector<std::uint16_t> ports;
  for (const ProbeTarget& target : required_) {
    if (target.kind == ProbeKind::kInbound) ports.push_back(target.port);
  }
  std::ranges::sort(ports);
  return ports;
}

const ProbeTarget* TrialWatch::inbound(std::uint16_t port) const {
  const auto found = std::ranges::find(inbound_, port, &ProbeTarget::port);
  return found == inbound_.end() ? nullptr : &*found;
}

std::vector<ProbeResult> TrialWatch::green_before() const {
  std::vector<ProbeResult> green;
  for (const ProbeResult& result : seen()) {
    if (result.green) green.push_back(result);
  }
  return green;
}

std::vector<ProbeResult> TrialWatch::seen() const {
  std::vector<ProbeResult> all;
  for (const auto& [target, result] : seen_) all.push_back(result);
  return all;
}

}  // namespace ondol::agent
