#include "tests/bench/swarm/sim_host.h"

#include <memory>
#include <unordered_map>

#include "common/loop/clocks.h"
#include "common/wire/routes_wire.h"

namespace ondol::bench {
namespace {

using session::GenerationOutcome;

std::shared_ptr<const session::ValueReport> value_of(const DesiredState& state) {
  auto report = std::make_shared<session::ValueReport>();
  if (state.routes) {
    for (const routes::Route& route : state.routes->routes) {
      report->routes.snapshot.routes.push_back({route, routes::kOurProtocol, routes::Ownership::kOurs});
    }
  }
  report->routes.snapshot.compared = static_cast<std::uint32_t>(report->routes.snapshot.routes.size());
  report->payload = wire::encode(report->routes);
  report->digest = digest_of(report->payload);
  return report;
}

// All hosts of a swarm get the same routes: one object for all that have them.
std::shared_ptr<const session::ValueReport> shared_value(const DesiredState& state) {
  static std::unordered_map<std::string, std::weak_ptr<const session::ValueReport>> known;
  auto& place = known[state.revision.value];
  auto value = place.lock();
  if (!value) place = value = value_of(state);
  return value;
}

}  // namespace

const session::ValueReport& empty_value() {
  static const auto empty = value_of(DesiredState{});
  return *empty;
}

session::Hello SimHost::hello() const {
  session::Hello hello;
  hello.host = host_;
  hello.agent_version = "0.1.0";
  hello.boot_id = "4b1d4a5c-0000-4000-8000-0123456789ab";
  hello.instance_id = instance_;
  hello.held.push_back({session::ResourceType::kRoutes, value_->digest});
  hello.next_event = next_event_;
  hello.oldest_event = unacknowledged_.empty() ? next_event_ : unacknowledged_.front().sequence;
  hello.status = status();
  hello.sent = read_now().wall;
  return hello;
}

session::Heartbeat SimHost::heartbeat(bool answered) {
  session::Heartbeat beat;
  beat.sequence = ++beats_;
  session::ObserverProgress routes;
  routes.digest = value_->digest;
  if (answered) routes.digest->bytes[0] ^= 0xff;
  routes.rounds = beats_ * 3;
  routes.age = Milliseconds{1'200};
  beat.observers.push_back(std::move(routes));
  beat.sent = read_now().wall;
  beat.next_event = next_event_;
  return beat;
}

session::Contact SimHost::contact() const {
  return {host_, trial_, session::ContactPhase::kAfter, instance_, {}};
}

session::GenerationStatus SimHost::status() const {
  session::GenerationStatus status;
  status.received = status.applied = applied_;
  status.running = running_;
  status.trial = trial_;
  if (on_trial()) status.trial_left = Milliseconds{60'000};
  return status;
}

session::ToCollector SimHost::result(GenerationOutcome outcome) {
  session::GenerationResult result;
  result.generation = applied_;
  result.revision = revision_;
  result.outcome = outcome;
  result.added = 1;
  if (on_trial()) result.deadline = Milliseconds{60'000};
  const session::HostEvent event{next_event_, read_now().wall, std::move(result)};
  ++next_event_.value;
  unacknowledged_.push_back(event);
  return session::EventBatch{event.sequence, {event}, 0};
}

SimHost::Messages SimHost::welcomed(const session::Welcome& welcome) {
  Messages out;
  acknowledged(welcome.durable_event);
  if (!unacknowledged_.empty())
    out.push_back(session::EventBatch{unacknowledged_.front().sequence, unacknowledged_, 0});
  const bool held = !welcome.held.empty() && welcome.held.front().digest == value_->digest;
  if (!held) out.push_back(*value_);
  return out;
}

SimHost::Messages SimHost::offered(const DesiredState& state) {
  if (state.generation <= applied_) return {status()};
  applied_ = state.generation;
  revision_ = state.revision;
  value_ = shared_value(state);
  if (state.trial.enabled) {
    trial_ = applied_;
    return {result(GenerationOutcome::kTrial), status(), *value_};
  }
  running_ = applied_;
  return {result(GenerationOutcome::kConfirmed), status(), *value_};
}

SimHost::Messages SimHost::confirmed() {
  if (!on_trial()) return {};
  const auto kept = result(GenerationOutcome::kConfirmed);
  running_ = trial_;
  trial_ = {};
  return {kept, status()};
}

void SimHost::acknowledged(EventSequence durable) {
  std::erase_if(unacknowledged_, [&](const session::HostEvent& event) { return event.sequence <= durable; });
}

}  // namespace ondol::bench
