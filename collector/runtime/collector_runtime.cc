#include "collector/runtime/collector_runtime.h"

#include <fmt/format.h>

#include <random>

#include "collector/runtime/store_rows.h"
#include "common/base/overload.h"
#include "common/journal/journal.h"
#include "common/loop/clocks.h"
#include "common/rpc/door_list.h"

namespace ondol::collector {
namespace {

SessionId random_session() {
  static thread_local std::random_device source;
  return SessionId{fmt::format("{:08x}{:08x}", source(), source())};
}

bool needs_intent(const session::ToCollector& message) {
  return std::holds_alternative<session::ValueReport>(message) || std::holds_alternative<session::EventBatch>(message);
}

journal::Event event_of(Notice notice) {
  switch (notice) {
    case Notice::kCloneRefused: return journal::Event::clone_refused;
    case Notice::kIdentityRefused: return journal::Event::identity_refused;
    case Notice::kHostSilent: return journal::Event::host_silent;
    case Notice::kHostRebooted: return journal::Event::host_rebooted;
    case Notice::kHostStuck: return journal::Event::host_stuck;
    case Notice::kContested: return journal::Event::drift_contested;
    case Notice::kEventsLost: return journal::Event::host_events_lost;
    case Notice::kGenerationRefused: return journal::Event::generation_refused;
    case Notice::kEventsRenumbered: return journal::Event::host_events_renumbered;
    case Notice::kStoreFailed: return journal::Event::store_failed;
    case Notice::kStoreHealed: return journal::Event::store_healed;
    case Notice::kWriteRefused: return journal::Event::store_write_refused;
    case Notice::kContactRefused: return journal::Event::contact_refused;
    case Notice::kTrialRolledBack: return journal::Event::trial_rolled_back;
  }
  return journal::Event::store_write_refused;
}

}  // namespace

CollectorRuntime::CollectorRuntime(store::Store& store, store::BatchedWriter& writer, CoreOptions options)
    : store_(store), writer_(writer), core_(std::move(options)), intents_(store) {}

Result<void> CollectorRuntime::load() {
  auto loaded = read_loaded(store_);
  if (!loaded) return fail(loaded.error());
  core_.step(*std::move(loaded), read_now());
  return {};
}

SessionEvents CollectorRuntime::session_events() {
  SessionEvents events;
  events.on_open = [this](ConnectionId id, HostId host, std::string serial, std::string peer) {
    step(StreamOpened{StreamId{id.value}, std::move(host), std::move(serial), std::move(peer), random_session()});
  };
  events.on_message = [this](ConnectionId id, session::ToCollector message) {
    MessageIn in{StreamId{id.value}, std::move(message), nullptr};
    if (needs_intent(in.message)) {
      if (const auto host = core_.host_of(in.stream)) in.desired = intents_.find(*host);
    }
    step(std::move(in));
  };
  events.on_closed = [this](ConnectionId id, std::string reason) {
    step(StreamClosed{StreamId{id.value}, std::move(reason)});
  };
  events.on_turned_away = [this](HostId host) { step(TurnedAway{std::move(host)}); };
  return events;
}

std::function<void()> CollectorRuntime::timer() {
  return [this] {
    ++turns_;
    step(Tick{});
  };
}

void CollectorRuntime::attach(SessionServer& server) {
  server_ = &server;
  server_.notify_all();
}

// The shard may have its first agent before the server's maker has returned.
SessionServer& CollectorRuntime::server() {
  server_.wait(nullptr);
  return *server_.load();
}

void CollectorRuntime::post(Event event) {
  auto shared = std::make_shared<Event>(std::move(event));
  server().post([this, shared] { step(std::move(*shared)); });
}

void CollectorRuntime::run_on_shard(std::function<void(const CollectorCore&)> read) {
  server().post([this, read = std::move(read)] { read(core_); });
}

void CollectorRuntime::step(Event event) {
  waiting_.push_back(std::move(event));
  if (stepping_) return;
  stepping_ = true;
  while (!waiting_.empty()) {
    Event next = std::move(waiting_.front());
    waiting_.pop_front();
    if (const auto* committed = std::get_if<RevisionCommitted>(&next)) {
      for (const DesiredHead& head : committed->desired) intents_.forget(head.host);
    }
    for (Effect& effect : core_.step(std::move(next), read_now())) perform(effect);
  }
  stepping_ = false;
  if (quiet_ && core_.writes_out() == 0) std::exchange(quiet_, nullptr)->set_value();
}

void CollectorRuntime::perform(Effect& effect) {
  std::visit(Overload{[&](Send& e) { server().send(ConnectionId{e.to.value}, e.message); },
                      [&](SendOffer& e) { send_offer(e); },
                      [&](Close& e) { server().close(ConnectionId{e.which.value}, e.reason, e.retry_after); },
                      [&](AnswerContact& e) { server().answer(ConnectionId{e.to.value}, e.reply); },
                      [&](TryPorts& e) { try_ports(e); }, [&](Persist& e) { persist(e); }, [&](LoadValue& e) { load_value(e.host); },
                      [&](Publish& e) { publish(e.drift); }, [](Tell& e) { journal(e); }},
             effect);
}

void CollectorRuntime::send_offer(const SendOffer& offer) {
  const DesiredPtr state = intents_.find(offer.host);
  if (!state || state->generation < offer.generation) return;  // unreadable now: offered again at its next hello
  server().send(ConnectionId{offer.to.value}, session::DesiredOffer{*state});
}

void CollectorRuntime::persist(const Persist& persist) {
  const Token token = persist.token;
  auto taken = writer_.submit(encode_writes(persist.host, *persist.writes), [this, token](const Result<void>& stored) {
    post(StoreDone{token, stored ? std::nullopt : std::optional<Error>(stored.error())});
  });
  if (taken) return;
  step(StoreDone{token, taken.error()});
}

void CollectorRuntime::load_value(const HostId& host) {
  ValueLoaded loaded{host, nullptr, intents_.find(host)};
  if (auto report = read_routes_report(store_, host)) loaded.routes = *report;
  step(std::move(loaded));
}

// Only ever the address that the contact itself came from.
void CollectorRuntime::try_ports(TryPorts& question) {
  const StreamId asked_by = question.asked_by;
  const auto peer = rpc::parse_peer(question.peer);
  if (!peer) return step(PortsTried{asked_by, {}});  // a transport without addresses: nothing was tried
  ports_->open(peer->address, std::move(question.ports), [this, asked_by](std::vector<trial::ProbeResult> results) {
    post(PortsTried{asked_by, std::move(results)});
  });
}

void CollectorRuntime::publish(const session::DriftRecord& drift) {
  const HostState* state = core_.find_host(drift.host);
  feed_.publish(drift, state != nullptr && state->record ? &*state->record : nullptr);
}

void CollectorRuntime::journal(const Tell& notice) {
  if (notice.host.empty()) return journal::write(event_of(notice.notice), notice.text);
  journal::write(event_of(notice.notice), notice.host + ": " + notice.text, {{"HOST", notice.host}});
}

void CollectorRuntime::stop(Milliseconds patience) {
  feed_.stop();
  ports_->stop();
  auto quiet = std::make_shared<std::promise<void>>();
  auto done = quiet->get_future();
  server().post([this, quiet] {
    quiet_ = quiet;
    step(Stopping{});
  });
  done.wait_for(patience);
}

}  // namespace ondol::collector
