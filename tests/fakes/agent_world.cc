#include "tests/fakes/agent_world.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/base/overload.h"

namespace ondol::fakes {
namespace {

using agent::ApplyPurpose;
using agent::ReadPurpose;
using agent::StoredItem;

const char* name_of(ReadPurpose purpose) {
  switch (purpose) {
    case ReadPurpose::kSweep: return "sweep";
    case ReadPurpose::kBeforeApply: return "before the apply";
    case ReadPurpose::kReadBack: return "back";
    case ReadPurpose::kAfterUndo: return "after the undo";
    case ReadPurpose::kWithdraw: return "before the withdrawal";
  }
  return "";
}

const char* name_of(ApplyPurpose purpose) {
  switch (purpose) {
    case ApplyPurpose::kRepair: return "repair";
    case ApplyPurpose::kGeneration: return "apply";
    case ApplyPurpose::kUndo: return "undo";
    case ApplyPurpose::kWithdraw: return "withdraw";
  }
  return "";
}

template <typename T>
Result<std::optional<T>> stored(const std::optional<T>& value, bool unreadable) {
  if (unreadable) return fail(Errc::kCorrupt, "does not match its own digest");
  return value;
}

}  // namespace

AgentWorld::AgentWorld() {
  now.wall = WallTime{Seconds{1'800'000'000}};
  now.boot = BootTime{Seconds{1'000}};
  options.session = {"0.1.0", boot_id, "instance"};
  options.undo_keeper = true;
  trial.local = {{trial::ProbeKind::kGateway, "", parse_address("10.0.0.1").value(), 0}};
}

void AgentWorld::boot() {
  options.session.boot_id = boot_id;
  was_killed = ready = false;
  core_ = std::make_unique<agent::AgentCore>(options);
  if (!disk.unproven) disk.unproven = disk.next_event;
  agent::StoredState state{stored(disk.confirmed, disk.unreadable == "confirmed"),
                           stored(disk.journal, disk.unreadable == "journal"),
                           stored(disk.ledger, disk.unreadable == "ledger"),
                           stored(disk.highest, disk.unreadable == "highest"),
                           disk.held,
                           disk.next_event,
                           disk.events.empty() ? disk.next_event : disk.events.front().sequence,
                           *disk.unproven,
                           disk.changes};
  state.previous = stored(disk.previous, disk.unreadable == "previous");
  happen(agent::Booted{std::move(state)});
}

void AgentWorld::reboot() {
  kernel.reboot();
  boot_id += "'";
  boot();
}

void AgentWorld::happen(agent::Happening what) {
  queue_.push_back(std::move(what));
  if (!std::exchange(draining_, true)) drain();
}

void AgentWorld::drain() {
  try {
    while (!queue_.empty()) {
      agent::Happening next = std::move(queue_.front());
      queue_.pop_front();
      for (const agent::Effect& effect : core_->step({now, random_ = random_ * 6364136223846793005ULL + 1, std::move(next)})) {
        interpret(effect);
      }
    }
  } catch (const Killed& killed) {
    say("killed " + killed.where);
    was_killed = true;
    queue_.clear();
    kernel.dies_after = 0;
  }
  draining_ = false;
}

void AgentWorld::pass(Nanoseconds time) {
  const BootTime until = now.boot + time;
  while (!was_killed) {
    const BootTime next = std::max(core_->wake_at(), now.boot);
    if (next > until) break;
    now.wall += next - now.boot;
    now.boot = next;
    happen(agent::TimerFired{});
  }
  now.wall += until - now.boot;
  now.boot = until;
}

void AgentWorld::offer(DesiredState state) {
  happen(agent::SessionReceived{session::DesiredOffer{std::move(state)}});
}

void AgentWorld::edit(session::ChangeKind kind, const routes::Route& route, std::string who, std::uint8_t protocol,
                      bool append) {
  agent::TouchedRoute touched = kernel.edit(kind, append, route, protocol);
  touched.port = 4121;
  touched.seen = now;
  if (!who.empty()) touched.author.command = std::move(who);
  touched.author.pid = 4121;
  happen(agent::RoutesTouched{{std::move(touched)}});
}

void AgentWorld::links_changed() { happen(agent::KernelNotice{false, true, {}}); }

void AgentWorld::set_collector(bool up) {
  collector_answers = up;
  if (!up && core_ && core_->status().session != agent::SessionState::kDown) {
    happen(agent::SessionClosed{"the connection was reset", false});
  }
}

std::string AgentWorld::take_transcript() {
  if (sweeps_ > 0) transcript_ += fmt::format("({} sweep{})\n", sweeps_, sweeps_ == 1 ? "" : "s");
  if (alike_ > 0) transcript_ += fmt::format("({} attempts alike)\n", alike_);
  sweeps_ = alike_ = 0;
  last_attempt_.clear();
  return std::exchange(transcript_, {});
}

void AgentWorld::say(const std::string& text) { transcript_ += text + "\n"; }

void AgentWorld::say_attempt(const std::string& kind, const std::string& text) {
  std::string& last = last_attempt_[kind];
  if (last == text) return void(++alike_);
  last = text;
  say(kind + text);
}

void AgentWorld::interpret(const agent::Effect& effect) {
  std::visit([this](const auto& known) { done(known); }, effect);
}

void AgentWorld::kill_point(const std::string& name) {
  if (at_point) at_point(name);
  if (kill_at == name) throw Killed{std::exchange(kill_at, {})};
}

bool AgentWorld::store(StoredItem item) {
  static const std::map<StoredItem, std::string> kNames{{StoredItem::kHighest, "highest"}, {StoredItem::kJournal, "journal"},
                                                        {StoredItem::kConfirmed, "confirmed"}, {StoredItem::kLedger, "ledger"},
                                                        {StoredItem::kPrevious, "previous"}};
  if (const auto name = kNames.find(item); name != kNames.end() && name->second == full_from) disk.is_full = true;
  if (disk.is_full) {
    say("  (no space left)");
    queue_.push_back(agent::Persisted{item, fail(Errc::kIo, "no space left on device")});
    return false;
  }
  queue_.push_back(agent::Persisted{item, {}});
  return true;
}

void AgentWorld::done(const agent::ReadRoutes& effect) {
  ++reads;
  effect.purpose == ReadPurpose::kSweep ? void(++sweeps_) : say(fmt::format("read {}", name_of(effect.purpose)));
  agent::RoutesRead read{effect.purpose, kernel.snapshot(), kernel.links()};
  if (reads_fail) read.snapshot = fail(Errc::kInterrupted, "the dump was torn five times");
  queue_.push_back(std::move(read));
  if (effect.purpose == ReadPurpose::kReadBack) kill_point("after_readback");
}

void AgentWorld::done(const agent::ApplyRoutes& effect) {
  for (const routes::RouteOp& op : effect.operations) say(fmt::format("{} {}", name_of(effect.purpose), render(op)));
  agent::RoutesApplied applied = kernel.apply(effect.purpose, effect.operations, now);
  for (const agent::FailedOp& failure : applied.failures) {
    say(fmt::format("  kernel: {}: {}", ondol::render(effect.operations[failure.index].route.key.destination), failure.text));
  }
  queue_.push_back(std::move(applied));
  if (effect.purpose == ApplyPurpose::kGeneration) kill_point("after_apply");
  if (effect.purpose == ApplyPurpose::kUndo) kill_point("after_undo");
}

std::string name_of(const trial::ProbeTarget& target) {
  if (target.kind == trial::ProbeKind::kInbound) return fmt::format("inbound:{}", target.port);
  return target.name.empty() ? std::string(trial::to_string(target.kind)) : target.name;
}

void AgentWorld::done(const agent::Preflight& effect) {
  std::string targets;
  for (const auto& target : effect.targets) targets += (targets.empty() ? " for " : ", ") + target.name;
  say(fmt::format("preflight of {} operations{}", effect.operations.size(), targets));
  trial::PreflightVerdict verdict{{}, trial.notes};
  for (std::size_t i = 0; i < effect.operations.size(); ++i) {
    const auto refused = trial.unreachable.find(ondol::render(effect.operations[i].route.key.destination));
    if (refused != trial.unreachable.end()) verdict.refusals.push_back({i, refused->second});
  }
  agent::PreflightDone done{effect.attempt, std::move(verdict)};
  if (!trial.preflight_error.empty()) {
    done.verdict = fail(trial.preflight_error == "missing" ? Errc::kUnavailable : Errc::kIo, trial.preflight_error);
  }
  if (!trial.is_silent) queue_.push_back(std::move(done));
  kill_point("after_preflight");
}

void AgentWorld::done(const agent::RunProbes& effect) {
  static constexpr const char* kPhases[] = {"before", "after", "after_undo"};
  const std::string phase = kPhases[static_cast<int>(effect.phase)];
  std::vector<trial::ProbeTarget> targets = effect.targets;
  if (effect.phase == agent::ProbePhase::kBefore) targets.insert(targets.end(), trial.local.begin(), trial.local.end());
  agent::ProbesDone done{effect.attempt, {}};
  std::string text;
  for (const auto& target : targets) {
    const auto red = trial.red.find({effect.phase, name_of(target)});
    const bool green = red == trial.red.end();
    text += fmt::format("{} {} {}", text.empty() ? "" : ",", trial::render(target), green ? "green" : "red");
    done.results.push_back({target, green, green ? "ok" : red->second, Milliseconds{1}});
  }
  say_attempt("probe " + phase + ":", text);
  if (!trial.is_silent) queue_.push_back(std::move(done));
  kill_point("probes_" + phase);
}

void AgentWorld::done(const agent::MakeContact& effect) {
  const session::Contact& contact = effect.contact;
  const bool after = contact.phase == session::ContactPhase::kAfter;
  if (line != nullptr) {
    say_attempt(after ? "contact after" : "contact before", "");
    return line->make_contact(effect);
  }
  session::ContactReply reply{contact.generation, after && trial.confirms, {}, {}};
  for (const std::uint16_t port : contact.inbound_ports) {
    const trial::ProbeTarget target{trial::ProbeKind::kInbound, {}, {}, port};
    const auto red = trial.red.find({after ? agent::ProbePhase::kAfter : agent::ProbePhase::kBefore, name_of(target)});
    reply.inbound.push_back({target, red == trial.red.end(), red == trial.red.end() ? "ok" : red->second, Milliseconds{1}});
    reply.confirmed = reply.confirmed && reply.inbound.back().green;
  }
  const auto denied = trial.denied.find(contact.phase);
  if (denied != trial.denied.end()) reply.reason = denied->second;
  reply.confirmed = reply.confirmed && reply.reason.empty();
  agent::ContactMade made{effect.attempt, std::move(reply)};
  const auto dead = trial.dead.find(contact.phase);
  if (dead != trial.dead.end()) made.reply = fail(Errc::kUnavailable, dead->second);
  say_attempt(after ? "contact after: " : "contact before: ",
              !made.reply ? made.reply.error().message
              : !made.reply->reason.empty() ? "no, " + made.reply->reason
              : made.reply->confirmed ? "confirmed" : "answered");
  if (!trial.is_silent) queue_.push_back(std::move(made));
  kill_point(after ? "contact_after" : "contact_before");
}

void AgentWorld::done(const agent::ArmUndo& effect) {
  const auto left = std::chrono::ceil<Milliseconds>(effect.deadline - now.boot);
  say(fmt::format("arm the undo of {} in {} ms", effect.generation.value, left.count()));
  agent::UndoArmed armed{effect.generation, {}};
  if (!trial.keeper_refuses.empty()) armed.result = fail(Errc::kUnavailable, trial.keeper_refuses);
  if (armed.result) trial.armed = effect.generation;
  if (!trial.is_silent) queue_.push_back(std::move(armed));
  kill_point("after_armed");
}

void AgentWorld::done(const agent::DisarmUndo& effect) {
  say(fmt::format("disarm the undo of {}", effect.generation.value));
  trial.armed.reset();
  kill_point("after_disarmed");
}

void AgentWorld::done(const agent::PersistPrevious& effect) {
  say(fmt::format("store previous {}", effect.state.generation.value));
  if (store(StoredItem::kPrevious)) disk.previous = effect.state;
  kill_point("after_previous");
}

void AgentWorld::done(const agent::PersistHighest& effect) {
  say(fmt::format("store highest {}{}", effect.highest.generation.value, effect.highest.settled ? " (settled)" : ""));
  if (store(StoredItem::kHighest)) disk.highest = effect.highest;
  kill_point("after_highest");
}

void AgentWorld::done(const agent::PersistJournal& effect) {
  say(fmt::format("store journal of {}: {} to undo", effect.journal.candidate.generation.value, effect.journal.inverse.size()));
  if (store(StoredItem::kJournal)) disk.journal = effect.journal;
  kill_point("after_journal");
}

void AgentWorld::done(const agent::PersistConfirmed& effect) {
  say(effect.state ? fmt::format("store confirmed {}", effect.state->generation.value) : "forget confirmed");
  if (store(StoredItem::kConfirmed)) disk.confirmed = effect.state;
  kill_point("after_confirmed");
}

void AgentWorld::done(const agent::PersistLedger& effect) {
  say(fmt::format("store ledger: {} keys", effect.ledger.entries.size()));
  if (store(StoredItem::kLedger)) disk.ledger = effect.ledger;
  kill_point("after_ledger");
}

void AgentWorld::done(const agent::RemoveJournal&) {
  say("remove journal");
  if (store(StoredItem::kJournalRemoval)) disk.journal.reset();
  kill_point("after_journal_removed");
}

void AgentWorld::done(const agent::PersistHold& effect) {
  say(effect.held ? "store hold" : "store release");
  if (store(StoredItem::kHold)) disk.held = effect.held;
}

// Not said: what one change costs of an hour's budget is no part of its story.
void AgentWorld::done(const agent::PersistChanges& effect) {
  if (store(StoredItem::kChanges)) disk.changes = effect.changes;
}

void AgentWorld::done(const agent::AppendEvent& effect) {
  say(render(effect.event));
  events.push_back(effect.event);
  disk.events.push_back(effect.event);
  disk.next_event = EventSequence{effect.event.sequence.value + 1};
}

void AgentWorld::done(const agent::TruncateSpool& effect) {
  std::erase_if(disk.events, [&](const auto& event) { return event.sequence <= effect.through; });
}

void AgentWorld::done(const agent::SettleNumbers& effect) {
  disk.unproven.reset();
  if (effect.by == 0) return;
  std::erase_if(disk.events, [&](const auto& event) { return event.sequence < effect.from; });
  for (session::HostEvent& event : disk.events) {
    event.sequence.value += effect.by;
    auto* repair = std::get_if<session::RouteRepair>(&event.what);
    if (repair != nullptr && repair->answers.value > 0) repair->answers.value += effect.by;
  }
  disk.next_event.value += effect.by;
  say(fmt::format("events from {} on are {} higher", effect.from.value, effect.by));
}

void AgentWorld::done(const agent::OpenSession&) {
  if (line != nullptr) return line->open();
  if (collector_answers) {
    say("dial the collector");
    queue_.push_back(agent::SessionOpened{HostId{"web-01"}});
  } else {
    queue_.push_back(agent::SessionClosed{"connection refused", false});
  }
}

void AgentWorld::done(const agent::CloseSession&) {
  say("close the session");
  if (line != nullptr) line->close();
  queue_.push_back(agent::SessionClosed{"", false});
}

void AgentWorld::done(const agent::SendMessage& effect) {
  sent.push_back(effect.message);
  if (line != nullptr) line->send(effect.message);
  const auto* hello = std::get_if<session::Hello>(&effect.message);
  if (hello == nullptr) {
    const auto* status = std::get_if<session::GenerationStatus>(&effect.message);
    if (status == nullptr) return;  // heartbeats are many and alike
    const std::string on_trial = status->trial == Generation{}
                                  ? ""
                                  : fmt::format(" trial {} for {} ms", status->trial.value, status->trial_left.count());
    say(fmt::format("send status: received {} applied {} running {}{}{}{}", status->received.value, status->applied.value,
                    status->running.value, on_trial, status->blocked.empty() ? "" : " blocked ", status->blocked));
    return;
  }
  say(fmt::format("send hello: events {} to {}", hello->oldest_event.value, hello->next_event.value - 1));
  if (line != nullptr) return;
  session::Welcome welcome;
  welcome.session = SessionId{"s1"};
  welcome.durable_event = std::max(welcome_durable, EventSequence{hello->oldest_event.value - 1});
  queue_.push_back(agent::SessionReceived{welcome});
}

void AgentWorld::done(const agent::SendEvents& effect) {
  std::uint64_t through = effect.from.value - 1;
  for (const auto& event : disk.events) {
    if (event.sequence >= effect.from && through - effect.from.value + 1 < session::kMaxEventsPerBatch) through = event.sequence.value;
  }
  say(fmt::format("send events {} to {}", effect.from.value, through));
  queue_.push_back(agent::EventsSent{EventSequence{through}});
  if (line != nullptr) {
    session::EventBatch batch{effect.from, {}, 0};
    std::ranges::copy_if(disk.events, std::back_inserter(batch.events), [&](const session::HostEvent& event) {
      return event.sequence >= effect.from && event.sequence.value <= through;
    });
    return line->send(batch);
  }
  if (collector_acknowledges) queue_.push_back(agent::SessionReceived{session::EventAck{EventSequence{through}}});
}

void AgentWorld::done(const agent::EncodeReport& effect) {
  report = effect.report;
  payload_ = line != nullptr ? line->encode(effect.report) : render(effect.report);
  queue_.push_back(agent::ReportEncoded{digest_of(payload_)});
}

void AgentWorld::done(const agent::SendValue&) {
  say("send value: " + render(*report));
  if (line != nullptr) return line->send(session::ValueReport{digest_of(payload_), payload_, {}});
  queue_.push_back(agent::SessionReceived{session::ValueAck{session::ResourceType::kRoutes, digest_of(payload_)}});
}

void AgentWorld::done(const agent::Tell& effect) { say("log: " + effect.text); }

void AgentWorld::done(const agent::AnnounceReady&) {
  say("ready");
  ready = true;
}

void AgentWorld::done(const agent::Answer& effect) {
  say(fmt::format("answer: {} {}", effect.accepted ? "yes," : "no,", effect.text));
  answers.push_back(effect);
}

std::string render(const routes::RouteOp& op) {
  static constexpr const char* kVerbs[] = {"", "add", "replace", "remove", "append"};
  std::string text = fmt::format("{} {}", kVerbs[static_cast<int>(op.kind)], routes::render(op.route));
  if (op.protocol != routes::kOurProtocol) text += " proto " + routes::protocol_name(op.protocol);
  return text;
}

namespace {

std::string body_of(const session::RouteChange& change) {
  static constexpr const char* kVerbs[] = {"", "added", "replaced", "removed", "vanished"};
  const auto value = [](const auto& v) { return v ? routes::render(*v) : std::string("nothing"); };
  return fmt::format("{} {}: {} -> {} by {}", routes::render(change.key), kVerbs[static_cast<int>(change.kind)],
                     value(change.before), value(change.after), change.author ? ondol::render(*change.author) : "nobody known");
}

std::string body_of(const session::RouteRepair& repair) {
  static constexpr const char* kWords[] = {"", "repaired", "failed", "waiting", "contested", "held", "report only"};
  return fmt::format("{} {}{}{}{}", routes::render(repair.key), kWords[static_cast<int>(repair.outcome)],
                     repair.reason.empty() ? "" : ": ", repair.reason,
                     repair.answers.value ? fmt::format(" (answers {})", repair.answers.value) : "");
}

std::string body_of(const session::GenerationResult& result) {
  static constexpr const char* kWords[] = {"", "confirmed", "refused", "rolled back", "on trial"};
  std::string text = fmt::format("generation {} {}{}{} (+{} ~{} -{})", result.generation.value,
                                 kWords[static_cast<int>(result.outcome)], result.reason.empty() ? "" : ": ", result.reason,
                                 result.added, result.replaced, result.removed);
  for (const auto& probe : result.probes) {
    text += fmt::format("\n    {} {}: {}", trial::render(probe.target), probe.green ? "green" : "red", probe.text);
  }
  for (const auto& object : result.refused) text += fmt::format("\n    {}: {}", routes::render(object.key), object.reason);
  return text;
}

std::string body_of(const session::ObserverNotice& notice) { return notice.what + ": " + notice.detail; }

}  // namespace

std::string render(const session::HostEvent& event) {
  return fmt::format("event {}: {}", event.sequence.value,
                     std::visit([](const auto& body) { return body_of(body); }, event.what));
}

std::string render(const session::RoutesReport& report) {
  std::string text = fmt::format("{} routes", report.snapshot.routes.size());
  std::size_t ours = 0;
  for (const auto& route : report.snapshot.routes) ours += route.ownership == routes::Ownership::kOurs;
  text += fmt::format(", {} ours", ours);
  for (const auto& object : report.not_in_sync) {
    text += fmt::format("; {} {}{}{}", ondol::render(object.key.destination), to_string(object.state),
                        object.reason.empty() ? "" : " ", object.reason);
  }
  return text;
}

}  // namespace ondol::fakes
