// Makes the preflights, probes and contacts of a trial on threads of their own, and holds the line to the undo keeper.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/config/agent_config.h"
#include "agent/core/events.h"
#include "agent/session/session_link.h"
#include "agent/undo/undo_client.h"

namespace ondol::agent {

// The world of a trial; tests give other ones. All block, and are called from any thread.
struct TrialEdges {
  std::function<Result<trial::PreflightVerdict>(std::span<const routes::RouteOp>, std::span<const trial::ReachTarget>)> judge;
  std::function<std::vector<trial::ProbeTarget>()> local_probes;
  std::function<trial::ProbeResult(const trial::ProbeTarget&, Nanoseconds limit)> probe;
  std::function<Result<session::ContactReply>(const SessionTarget&, const session::Contact&, Milliseconds limit,
                                              std::stop_token stop)> contact;
};
// The programs and services that `config` names.
TrialEdges make_trial_edges(const AgentConfig& config);

// Thread: the loop's; each answer is fed there. Threads are there while a change is tried, and gone 5 s after it.
// Limits: eight probes at a time; more of them share the time of their round.
class TrialDesk {
 public:
  TrialDesk(boost::asio::io_context& loop, const AgentConfig& config, TrialEdges edges, std::function<void(Happening)> feed);
  ~TrialDesk();  // waits for what blocks: contacts and probes end at once or within their limit

  void preflight(const Preflight& effect);
  void run_probes(const RunProbes& effect);
  void make_contact(const MakeContact& effect, const SessionTarget& target);
  void arm(const ArmUndo& effect);
  void disarm();

 private:
  struct Round;  // of probes
  using Answer = std::function<void()>;   // on the loop
  using Work = std::function<Answer()>;   // on a thread that may block
  void aside(Work work);
  void rest_when_idle();
  void note(Round& round, trial::ProbeResult result);
  void rearm();

  boost::asio::io_context& loop_;
  TrialEdges edges_;
  std::function<void(Happening)> feed_;
  std::unique_ptr<undo::UndoClient> keeper_;  // empty = none is configured
  ArmUndo armed_;
  std::stop_source stopping_;
  std::unique_ptr<boost::asio::thread_pool> pool_;
  std::size_t under_way_ = 0;
  boost::asio::steady_timer rest_;
};

}  // namespace ondol::agent
