// The one interpreter of the collector's core: agent messages and store answers in, sends, writes and notices out.
#pragma once

#include <atomic>
#include <deque>
#include <future>
#include <memory>

#include "collector/core/collector_core.h"
#include "collector/runtime/drift_feed.h"
#include "collector/runtime/intent_cache.h"
#include "collector/session/inbound_ports.h"
#include "collector/session/session_server.h"
#include "collector/store/batched_writer.h"

namespace ondol::collector {

// Thread: everything the core does happens on the session server's shard thread; post, ask and the drift feed may be
// used from any thread. The writer's completions are posted back to the shard.
class CollectorRuntime {
 public:
  CollectorRuntime(store::Store& store, store::BatchedWriter& writer, CoreOptions options);

  // Before the server starts: what the store holds becomes the core's memory.
  Result<void> load();
  // What to give to start_session_server; the runtime waits for attach before it does anything with the server.
  SessionEvents session_events();
  std::function<void()> timer();
  void attach(SessionServer& server);

  void post(Event event);  // thread: any

  // Runs `read` with the core on the shard's thread and waits. kUnavailable when the shard does not answer in 10 s.
  template <typename Read>
  auto ask(Read read) -> Result<decltype(read(std::declval<const CollectorCore&>()))> {
    using Answer = decltype(read(std::declval<const CollectorCore&>()));
    auto promise = std::make_shared<std::promise<Answer>>();
    auto answer = promise->get_future();
    run_on_shard([promise, read = std::move(read)](const CollectorCore& core) { promise->set_value(read(core)); });
    if (answer.wait_for(kAskPatience) != std::future_status::ready) {
      return fail(Errc::kUnavailable, "the collector is too busy to answer", "", "try again");
    }
    return answer.get();
  }

  DriftFeed& feed() { return feed_; }
  std::uint64_t turns() const { return turns_; }  // grows while the shard thread is alive

  // Has every status written and waits until nothing is on its way to the store, at most `patience`.
  void stop(Milliseconds patience);

 private:
  static constexpr Seconds kAskPatience{10};

  void run_on_shard(std::function<void(const CollectorCore&)> read);
  SessionServer& server();
  void step(Event event);
  void perform(Effect& effect);
  void send_offer(const SendOffer& offer);
  void persist(const Persist& persist);
  void load_value(const HostId& host);
  void try_ports(TryPorts& question);
  void publish(const session::DriftRecord& drift);
  static void journal(const Tell& notice);

  store::Store& store_;
  store::BatchedWriter& writer_;
  CollectorCore core_;
  IntentCache intents_;
  DriftFeed feed_;
  std::unique_ptr<InboundPorts> ports_ = make_inbound_ports();
  std::atomic<SessionServer*> server_{nullptr};
  std::atomic<std::uint64_t> turns_{0};
  std::deque<Event> waiting_;  // events that effects caused; stepped in order, never nested
  bool stepping_ = false;
  std::shared_ptr<std::promise<void>> quiet_;  // while stopping: kept when the last write is answered
};

}  // namespace ondol::collector
