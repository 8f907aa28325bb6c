// Messages of an agent, made short for collector tests.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "tests/fakes/collector_stage.h"
#include "tests/fakes/routes_written.h"

namespace ondol::collector {

inline session::Hello hello(const std::string& host, const std::string& instance = "i1") {
  session::Hello message;
  message.host = HostId{host};
  message.agent_version = "0.1.0";
  message.boot_id = "boot-1";
  message.instance_id = instance;
  message.next_event = EventSequence{1'000'000};
  message.oldest_event = EventSequence{1};
  return message;
}

inline session::GenerationStatus runs(std::uint64_t generation) {
  session::GenerationStatus status;
  status.received = status.applied = status.running = Generation{generation};
  return status;
}

inline session::RoutesReport report_of(std::initializer_list<std::string> written) {
  session::RoutesReport report;
  for (const std::string& text : written) report.snapshot.routes.push_back(routes::written_route(text));
  std::sort(report.snapshot.routes.begin(), report.snapshot.routes.end(),
            [](const auto& a, const auto& b) { return a.route.key < b.route.key; });
  report.snapshot.compared = static_cast<std::uint32_t>(report.snapshot.routes.size());
  return report;
}

inline DesiredState wants(std::uint64_t generation, std::initializer_list<std::string> written) {
  DesiredState state;
  state.generation = Generation{generation};
  state.revision = Revision{"r" + std::to_string(generation)};
  state.routes.emplace();
  state.routes->mode = Mode::kEnforce;
  for (const std::string& text : written) state.routes->routes.push_back(routes::written_route(text).route);
  std::sort(state.routes->routes.begin(), state.routes->routes.end(),
            [](const auto& a, const auto& b) { return a.key < b.key; });
  return state;
}

inline Author kim(const std::string& command = "ip route del 10.20.0.0/16") {
  Author author;
  author.pid = 4121;
  author.comm = "ip";
  author.command = command;
  author.user = "kim";
  author.session = 12;
  author.ssh_from = "10.0.0.5";
  return author;
}

inline session::HostEvent removed(std::uint64_t sequence, const std::string& written) {
  const auto route = routes::written_route(written);
  session::RouteChange change{route.route.key, session::ChangeKind::kRemoved, route.route.value, std::nullopt,
                              route.protocol, kim("ip route del " + render(route.route.key.destination))};
  return {EventSequence{sequence}, wall_from_unix_ns(1'800'000'000'000'000'000), change};
}
inline session::HostEvent added(std::uint64_t sequence, const std::string& written) {
  const auto route = routes::written_route(written);
  session::RouteChange change{route.route.key, session::ChangeKind::kAdded, std::nullopt, route.route.value,
                              route.protocol, kim("ip route add " + routes::render(route.route))};
  return {EventSequence{sequence}, wall_from_unix_ns(1'800'000'000'000'000'000), change};
}
inline session::HostEvent replaced(std::uint64_t sequence, const std::string& before, const std::string& after) {
  session::HostEvent event = added(sequence, after);
  auto& change = std::get<session::RouteChange>(event.what);
  change.kind = session::ChangeKind::kReplaced;
  change.author = kim("ip route replace " + routes::render(routes::written_route(after).route));
  change.before = routes::written_route(before).route.value;
  return event;
}
inline session::HostEvent repair(std::uint64_t sequence, const std::string& written, std::uint64_t answers,
                                 session::RepairOutcome outcome = session::RepairOutcome::kRepaired) {
  session::RouteRepair what;
  what.key = routes::written_route(written).route.key;
  what.outcome = outcome;
  what.latency = Nanoseconds{200'000};
  what.answers = EventSequence{answers};
  return {EventSequence{sequence}, wall_from_unix_ns(1'800'000'000'000'000'000), what};
}
inline session::EventBatch batch(std::vector<session::HostEvent> events, std::uint64_t lost = 0) {
  const EventSequence first = events.front().sequence;
  return {first, std::move(events), lost};
}

inline session::Heartbeat beat_with(const std::string& value) {
  session::Heartbeat beat;
  beat.observers.push_back({session::ResourceType::kRoutes, digest_of(value), 1, "", Milliseconds{9}});
  return beat;
}

// One enrolled host with a welcomed stream; it runs what is desired.
struct OneHost {
  CollectorStage stage;
  StreamId stream;
  int values = 0;

  OneHost() {
    stage.enrol("h1");
    stream = stage.open("h1");
    stage.say(stream, hello("h1"));
  }
  void desires(const DesiredState& state) {
    stage.commit_desired("h1", state);
    stage.say(stream, runs(state.generation.value));
  }
  void sees(std::initializer_list<std::string> written) { sees(report_of(written)); }
  void sees(session::RoutesReport report) {
    stage.say(stream, stage.remember("v" + std::to_string(++values), std::move(report)));
  }
  void beats() { stage.say(stream, beat_with("v" + std::to_string(values))); }  // it still sees what it sent last
  void tells(std::vector<session::HostEvent> events, std::uint64_t lost = 0) {
    stage.say(stream, batch(std::move(events), lost));
  }
  session::DriftRecord drift(std::uint64_t id) const { return stage.drifts_.at(DriftId{id}); }
  std::size_t drifts() const { return stage.drifts_.size(); }
};

}  // namespace ondol::collector
