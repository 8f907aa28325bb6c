// Does what the agent's core says, in the order it says, and tells it what came of it.
#pragma once

#include <deque>
#include <functional>
#include <random>
#include <string>

#include "agent/core/agent_core.h"
#include "agent/guard/guard_file.h"
#include "agent/host/routes/observe_routes.h"
#include "agent/state/event_spool.h"
#include "agent/state/state_dir.h"

namespace ondol::agent {

// The world: kernel, disk, guard file.
struct Edges {
  routes::RouteSocket& routes;
  StateDir& state;
  EventSpool& spool;
  GuardFile& guard;
};

// What not every program has; an empty one is not called.
struct Ports {
  std::function<void()> open_session, close_session;
  std::function<void(const session::ToCollector&)> send;
  // Of a trial; each posts its answer as an event. A program without them takes no offers.
  std::function<void(const Preflight&)> preflight;
  std::function<void(const RunProbes&)> run_probes;
  std::function<void(const MakeContact&)> make_contact;
  std::function<void(const ArmUndo&)> arm_undo;
  std::function<void(const DisarmUndo&)> disarm_undo;
  std::function<void()> ready;
  std::function<void(const Answer&)> answer;
  std::function<void(const Happening&)> saw;  // for the metrics, before the core
  std::function<void(const Effect&)> did;     // for the metrics, before it is done
};

// Thread: one. An event that an effect causes is stepped after all effects before it, never nested.
class Interpreter {
 public:
  Interpreter(AgentCore& core, Edges edges, Ports ports);

  void boot();                 // reads the state directory and starts the core
  void feed(Happening what);   // to the end of everything it causes
  void drain_kernel();         // the event socket is readable
  BootTime wake_at() const { return core_.wake_at(); }
  const AgentCore& core() const { return core_; }

 private:
  void run_queue();
  void check_guard();
  void queue_drained(routes::Drained drained);
  void perform(ReadRoutes& effect);
  void perform(ApplyRoutes& effect);
  void perform(Preflight& effect);
  void perform(RunProbes& effect);
  void perform(MakeContact& effect);
  void perform(ArmUndo& effect);
  void perform(DisarmUndo& effect);
  void perform(PersistHighest& effect);
  void perform(PersistJournal& effect);
  void perform(PersistPrevious& effect);
  void perform(PersistConfirmed& effect);
  void perform(PersistLedger& effect);
  void perform(RemoveJournal& effect);
  void perform(PersistHold& effect);
  void perform(PersistChanges& effect);
  void perform(AppendEvent& effect);
  void perform(TruncateSpool& effect);
  void perform(SettleNumbers& effect);
  void perform(OpenSession& effect);
  void perform(CloseSession& effect);
  void perform(SendMessage& effect);
  void perform(SendEvents& effect);
  void perform(EncodeReport& effect);
  void perform(SendValue& effect);
  void perform(Tell& effect);
  void perform(AnnounceReady& effect);
  void perform(Answer& effect);
  void answer(StoredItem item, Result<void> result) { queue_.push_back(Persisted{item, std::move(result)}); }
  void note_spool();

  AgentCore& core_;
  Edges edges_;
  Ports ports_;
  std::deque<Happening> queue_;
  std::mt19937_64 random_;
  bool running_ = false;
  std::string payload_, spool_problem_;
  Digest digest_;
  EventSequence spool_oldest_{1};
};

// The line of the journal for a notice.
void write_notice(const Tell& tell);

}  // namespace ondol::agent
