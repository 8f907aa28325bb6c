// A collector without sockets: real core, writer and memory store around a fake session server.
#pragma once

#include "collector/runtime/collector_runtime.h"
#include "collector/runtime/store_enroll_backend.h"
#include "collector/runtime/store_rows.h"
#include "common/loop/clocks.h"
#include "common/wire/routes_wire.h"
#include "tests/fakes/agent_says.h"
#include "tests/fakes/shard_thread.h"

namespace ondol::collector {

struct RunningCollector {
  std::shared_ptr<store::Store> store;
  store::BatchedWriter writer;
  CollectorRuntime runtime;
  SessionEvents events;
  ShardThread shard;
  std::uint64_t streams = 0;

  explicit RunningCollector(std::shared_ptr<store::Store> behind = store::make_memory_store())
      : store(std::move(behind)), writer(*store), runtime(*store, writer, {Milliseconds{30'000}, "test"}) {
    EXPECT_TRUE(runtime.load());
    events = runtime.session_events();
    runtime.attach(shard);
  }
  ~RunningCollector() {
    runtime.stop(Seconds{5});
    writer.stop();
    shard.stop();
  }

  void put_record(const std::string& host) {
    store::HostRecord record;
    record.name = HostId{host};
    EXPECT_TRUE(writer.submit_and_wait({store::PutRecord{record}}));
    runtime.post(RecordsChanged{{record}});
  }
  void issue(const std::string& host) {
    StoreEnrollBackend backend(*store, writer, runtime);
    const WallTime now = read_now().wall;
    EXPECT_TRUE(backend.record_issued({"serial-" + host, HostId{host}, now, now + Seconds{3600}, false}, false));
  }
  void enrol(const std::string& host) {
    put_record(host);
    issue(host);
  }
  ConnectionId connect(const std::string& host) {
    const ConnectionId id{++streams};
    shard.post([this, id, host] { events.on_open(id, HostId{host}, "serial-" + host, "192.0.2.1:1"); });
    say(id, hello(host));
    return id;
  }
  void say(ConnectionId id, session::ToCollector message) {
    auto shared = std::make_shared<session::ToCollector>(std::move(message));
    shard.post([this, id, shared] { events.on_message(id, std::move(*shared)); });
  }
  void put_desired(DesiredState state, const std::string& host) {
    store::DesiredRow row{HostId{host}, state.generation, state.revision, {}, wire::encode(state)};
    EXPECT_TRUE(writer.submit_and_wait({store::PutDesired{row}}));
    runtime.post(RevisionCommitted{{{HostId{host}, state.generation, state.revision, state.routes->mode}}});
  }
};

inline session::ValueReport value_of_routes(std::initializer_list<std::string> written) {
  session::RoutesReport report = report_of(written);
  const std::string payload = wire::encode(report);
  return {digest_of(payload), payload, std::move(report)};
}

}  // namespace ondol::collector
