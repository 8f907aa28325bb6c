// The agent's core with a fake kernel, disk, collector and clock around it: everything in one thread, nothing waits.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/core/agent_core.h"
#include "tests/fakes/fake_kernel.h"

namespace ondol::fakes {

// What survives a killed agent.
struct FakeDisk {
  std::optional<DesiredState> confirmed;
  std::optional<agent::Journal> journal;
  std::optional<agent::Ledger> ledger;
  std::optional<agent::Highest> highest;
  std::optional<DesiredState> previous;
  bool held = false;
  std::vector<agent::AppliedChange> changes;
  std::vector<session::HostEvent> events;
  EventSequence next_event{1};
  std::optional<EventSequence> unproven = EventSequence{1};
  bool is_full = false;
  std::string unreadable;  // confirmed | journal | ledger | highest
};

// How the world answers what a trial asks. As it comes, everything is green and every change is confirmed.
struct FakeTrial {
  std::string preflight_error;                       // "missing", or what is broken
  std::map<std::string, std::string> unreachable;    // destination -> why the preflight refuses it
  std::vector<std::string> notes;                    // of the preflight
  std::vector<trial::ProbeTarget> local;             // what every trial probes on this host
  std::map<std::pair<agent::ProbePhase, std::string>, std::string> red;  // by name_of(target): what is seen
  std::map<session::ContactPhase, std::string> dead, denied;             // why there is no contact; what the reply says
  bool confirms = true;
  bool is_silent = false;                            // nothing is answered any more
  std::string keeper_refuses;                        // why it cannot be armed
  std::optional<Generation> armed;
};
std::string name_of(const trial::ProbeTarget& target);  // as stories write it: its own name, "gateway", "inbound:22"

// The agent's end of a real conversation. Without one the world itself plays a collector that takes everything.
class AgentLine {
 public:
  virtual ~AgentLine() = default;
  virtual void open() = 0;   // SessionOpened or SessionClosed comes of it
  virtual void close() = 0;
  virtual void send(const session::ToCollector& message) = 0;
  virtual void make_contact(const agent::MakeContact& effect) = 0;  // ContactMade comes of it, or nothing
  virtual std::string encode(const session::RoutesReport& report) = 0;
};

class AgentWorld {
 public:
  AgentWorld();

  // ---- the world ----
  FakeKernel kernel;
  FakeDisk disk;
  FakeTrial trial;
  AgentLine* line = nullptr;  // outlives the world
  bool collector_answers = false;
  // after_preflight probes_before contact_before after_highest after_journal after_armed after_apply after_readback
  // probes_after contact_after after_previous after_confirmed after_ledger after_journal_removed after_disarmed after_undo
  // probes_after_undo
  std::string kill_at;
  std::function<void(const std::string&)> at_point;  // called at each of these places
  std::string full_from;  // highest journal previous confirmed ledger: the disk is full from this file on
  EventSequence welcome_durable;  // what the collector claims to have; 0 = what the hello says
  bool collector_acknowledges = true;
  bool reads_fail = false;
  std::string boot_id = "boot-1";
  agent::CoreOptions options;

  // ---- what happens ----
  void boot();     // a new process on the same disk and kernel
  void reboot();   // and a new kernel
  void happen(agent::Happening what);
  void pass(Nanoseconds time);  // timers fire on the way
  void offer(DesiredState state);
  void edit(session::ChangeKind kind, const routes::Route& route, std::string who = "", std::uint8_t protocol = 3,
            bool append = false);
  void links_changed();
  void set_collector(bool up);

  // ---- what was seen ----
  agent::AgentCore& core() { return *core_; }
  std::string take_transcript();
  std::vector<session::HostEvent> events;      // all that were appended, over restarts
  std::vector<session::ToCollector> sent;
  std::optional<session::RoutesReport> report;
  std::vector<agent::Answer> answers;
  bool ready = false, was_killed = false;
  std::size_t reads = 0;
  Now now;

 private:
  void drain();
  void interpret(const agent::Effect& effect);
  void done(const agent::ReadRoutes& effect);
  void done(const agent::ApplyRoutes& effect);
  void done(const agent::Preflight& effect);
  void done(const agent::RunProbes& effect);
  void done(const agent::MakeContact& effect);
  void done(const agent::ArmUndo& effect);
  void done(const agent::DisarmUndo& effect);
  void done(const agent::PersistHighest& effect);
  void done(const agent::PersistJournal& effect);
  void done(const agent::PersistPrevious& effect);
  void done(const agent::PersistConfirmed& effect);
  void done(const agent::PersistLedger& effect);
  void done(const agent::RemoveJournal& effect);
  void done(const agent::PersistHold& effect);
  void done(const agent::PersistChanges& effect);
  void done(const agent::AppendEvent& effect);
  void done(const agent::TruncateSpool& effect);
  void done(const agent::SettleNumbers& effect);
  void done(const agent::OpenSession& effect);
  void done(const agent::CloseSession& effect);
  void done(const agent::SendMessage& effect);
  void done(const agent::SendEvents& effect);
  void done(const agent::EncodeReport& effect);
  void done(const agent::SendValue& effect);
  void done(const agent::Tell& effect);
  void done(const agent::AnnounceReady& effect);
  void done(const agent::Answer& effect);
  bool store(agent::StoredItem item);
  void kill_point(const std::string& name);
  void say(const std::string& text);
  void say_attempt(const std::string& kind, const std::string& text);  // alike ones are only counted

  std::unique_ptr<agent::AgentCore> core_;
  std::deque<agent::Happening> queue_;
  std::string transcript_;
  std::string payload_;  // of `report`
  std::size_t sweeps_ = 0, alike_ = 0;
  std::map<std::string, std::string> last_attempt_;
  std::uint64_t random_ = 1;
  bool draining_ = false;
};

// One line each.
std::string render(const routes::RouteOp& op);
std::string render(const session::HostEvent& event);
std::string render(const session::RoutesReport& report);

}  // namespace ondol::fakes
