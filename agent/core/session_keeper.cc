#include "agent/core/session_keeper.h"

#include <algorithm>
#include <utility>

namespace ondol::agent {
namespace {

constexpr Seconds kWelcomeWithin{30};
constexpr Seconds kAnswerWithin{60};
constexpr Seconds kAskAgain{5};
constexpr Seconds kRefusedFloor{5};  // a refused identity does not become valid in milliseconds
constexpr Milliseconds kLeastHeartbeat{1'000}, kMostHeartbeat{3'600'000};
constexpr Milliseconds kMostRetryAfter{3'600'000};
constexpr Milliseconds kLateAtMost{4'000};  // told times have steps of a quarter: without it, agents would come in clumps
constexpr Seconds kCalm{60};  // of a session, for each failure to be forgiven

}  // namespace

std::string_view to_string(SessionState state) {
  switch (state) {
    case SessionState::kDown: return "down";
    case SessionState::kOpening: return "opening";
    case SessionState::kGreeting: return "greeting";
    case SessionState::kUp: return "up";
  }
  return "down";
}

void SessionKeeper::start(Turn& turn) {
  started_ = true;
  dial(turn);
}

void SessionKeeper::dial(Turn& turn) {
  dial_at_ = BootTime::max();
  change(SessionState::kOpening, turn);
  deadline_ = turn.now.boot + kWelcomeWithin;
  turn.out.push_back(OpenSession{});
}

void SessionKeeper::change(SessionState state, Turn& turn) {
  if (state_ == state) return;
  state_ = state;
  since_ = turn.now.wall;
}

void SessionKeeper::on_opened(const HostId& host, const session::GenerationStatus& status, Turn& turn) {
  if (state_ != SessionState::kOpening) return;
  change(SessionState::kGreeting, turn);
  session::Hello hello;
  hello.host = host;
  hello.agent_version = options_.agent_version;
  hello.boot_id = options_.boot_id;
  hello.instance_id = options_.instance_id;
  if (newest_) hello.held.push_back({session::ResourceType::kRoutes, *newest_});
  hello.next_event = turn.log.next();
  hello.oldest_event = turn.log.oldest();
  hello.status = status;
  hello.sent = turn.now.wall;
  turn.out.push_back(SendMessage{std::move(hello)});
}

void SessionKeeper::on_closed(const SessionClosed& closed, Turn& turn) {
  if (state_ == SessionState::kUp) {
    tell(turn, Notice::kSessionLost, closed.reason);
    backoff_.went_well(turn.now.boot - up_at_, kCalm);
  }
  if (!closed.reason.empty()) reason_ = closed.reason;
  change(SessionState::kDown, turn);
  held_.reset();
  value_in_flight_.reset();
  batch_in_flight_ = false;
  said_once_.reset();  // the next hello says it
  beats_early_ = false;
  deadline_ = heartbeat_at_ = answer_by_ = ask_again_at_ = BootTime::max();
  dial_at_ = turn.now.boot + pause(closed.refused, turn.random);
}

// Told when to come back: then, and not much later, or the collector's order of agents would be lost.
Nanoseconds SessionKeeper::pause(bool refused, std::uint64_t random) {
  const Milliseconds told = std::exchange(retry_after_, {});
  if (told == Milliseconds{}) return backoff_.next(random) + (refused ? Nanoseconds{kRefusedFloor} : Nanoseconds{});
  const Milliseconds window = std::min(told / 4, kLateAtMost) + backoff_.first_window();
  return told + Milliseconds{static_cast<std::int64_t>(random % static_cast<std::uint64_t>(window.count()))};
}

void SessionKeeper::on_message(const session::ToAgent& message, Turn& turn) {
  std::visit([&](const auto& known) { on(known, turn); }, message);
}

void SessionKeeper::on(const session::Welcome& welcome, Turn& turn) {
  if (state_ != SessionState::kGreeting) return close("a second welcome", turn);
  change(SessionState::kUp, turn);
  up_at_ = turn.now.boot;
  reason_.clear();
  deadline_ = BootTime::max();
  heartbeat_interval_ = std::clamp(welcome.heartbeat_interval, kLeastHeartbeat, kMostHeartbeat);
  heartbeat_at_ = turn.now.boot + heartbeat_interval_;
  turn.log.settle(welcome.durable_event, turn);
  turn.log.acknowledged(welcome.durable_event, turn);
  sent_ = welcome.durable_event;
  for (const session::ValueDigest& held : welcome.held) {
    if (held.type == session::ResourceType::kRoutes) held_ = held.digest;
  }
  tell(turn, Notice::kSessionUp, "session " + welcome.session.value);
}

void SessionKeeper::on(const session::EventAck& ack, Turn& turn) {
  turn.log.acknowledged(ack.durable, turn);
  if (ack.durable < sent_) return;
  batch_in_flight_ = false;
  answer_by_ = value_in_flight_ ? answer_by_ : BootTime::max();
}

void SessionKeeper::on(const session::ValueAck& ack, Turn& turn) {
  held_ = ack.digest;
  value_in_flight_.reset();
  answer_by_ = batch_in_flight_ ? turn.now.boot + kAnswerWithin : BootTime::max();
}

void SessionKeeper::on(const session::ValueRequest&, Turn&) {
  held_.reset();
  value_in_flight_.reset();
}

void SessionKeeper::on(const session::Goodbye& goodbye, Turn& turn) {
  retry_after_ = std::clamp(goodbye.retry_after, Milliseconds{0}, kMostRetryAfter);
  close("the collector said goodbye: " + goodbye.reason, turn);
}

void SessionKeeper::close(std::string reason, Turn& turn) {
  reason_ = std::move(reason);
  deadline_ = heartbeat_at_ = answer_by_ = BootTime::max();
  turn.out.push_back(CloseSession{});
}

// The numbers changed and the value did not: a heartbeat says so, or the collector would wait for a value.
void SessionKeeper::on_report_encoded(const Digest& digest, Turn& turn) {
  newest_ = digest;
  if (state_ != SessionState::kUp || !said_once_ || newest_ != held_) return;
  beats_early_ = true;
  heartbeat_at_ = turn.now.boot;
}

void SessionKeeper::on_events_sent(EventSequence through, Turn& turn) {
  if (through < asked_) {
    ask_again_at_ = turn.now.boot + kAskAgain;
    answer_by_ = value_in_flight_ ? answer_by_ : BootTime::max();
  }
  sent_ = std::max(sent_, through);
  batch_in_flight_ = through > EventSequence{} && through >= turn.log.oldest();
}

void SessionKeeper::send_status(const session::GenerationStatus& status, Turn& turn) {
  if (state_ != SessionState::kUp) return;
  turn.out.push_back(SendMessage{status});
  said_once_ = status;
  said_at_ = turn.now.boot;
}

void SessionKeeper::pump(bool value_is_settled, Turn& turn) {
  if (state_ != SessionState::kUp) return;
  const EventSequence from{std::max(sent_.value + 1, turn.log.oldest().value)};
  if (ask_again_at_ <= turn.now.boot) ask_again_at_ = BootTime::max();
  if (!batch_in_flight_ && from < turn.log.next() && ask_again_at_ == BootTime::max()) {
    batch_in_flight_ = true;
    asked_ = from;
    answer_by_ = std::min(answer_by_, turn.now.boot + kAnswerWithin);
    turn.out.push_back(SendEvents{from});
  }
  if (value_is_settled && newest_ && !value_in_flight_ && newest_ != held_) {
    value_in_flight_ = newest_;
    answer_by_ = std::min(answer_by_, turn.now.boot + kAnswerWithin);
    turn.out.push_back(SendValue{});
  }
}

void SessionKeeper::on_timer(const session::ObserverProgress& progress, Turn& turn) {
  if (state_ == SessionState::kDown && dial_at_ <= turn.now.boot) return dial(turn);
  if (deadline_ <= turn.now.boot) return close("no welcome within 30 s", turn);
  if (answer_by_ <= turn.now.boot) return close("no acknowledgement within 60 s", turn);
  if (heartbeat_at_ > turn.now.boot) return;
  heartbeat_at_ = turn.now.boot + heartbeat_interval_;
  turn.out.push_back(SendMessage{session::Heartbeat{++heartbeat_, {progress}, turn.now.wall, turn.log.next()}});
  if (!said_once_ || std::exchange(beats_early_, false)) return;
  session::GenerationStatus again = *std::exchange(said_once_, std::nullopt);
  const auto since = std::chrono::duration_cast<Milliseconds>(turn.now.boot - said_at_);
  again.trial_left = std::max(Milliseconds{}, again.trial_left - since);
  turn.out.push_back(SendMessage{std::move(again)});
}

BootTime SessionKeeper::next_due() const { return std::min({dial_at_, deadline_, heartbeat_at_, answer_by_, ask_again_at_}); }

}  // namespace ondol::agent
