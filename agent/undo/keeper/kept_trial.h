// One trial whose undo is kept: what to do when its deadline comes, from all that is known then.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/config/agent_config.h"
#include "agent/core/stored_state.h"
#include "agent/undo/keeper/peer_process.h"
#include "agent/undo/undo_frame.h"

namespace ondol::undo {

// Thread: one. act() blocks while it undoes.
// The order of means: the agent does it itself; as a restarting agent would, with the state directory's lock; from the
// copy in memory, when the directory cannot be read or stays locked.
class KeptTrial {
 public:
  // Checks that the journal on disk is the one that is meant, and copies it.
  static Result<KeptTrial> take(const Arm& arm, PeerProcess agent, BootTime now);

  void agent_left() { agent_is_there_ = false; }
  BootTime act_at() const { return act_at_; }
  Generation generation() const { return arm_.generation; }
  // At act_at() or later. True = it is over; false = act_at() says when to come again.
  bool act(const agent::AgentConfig& config);

 private:
  KeptTrial(Arm arm, agent::Journal journal, PeerProcess agent)
      : arm_(std::move(arm)), journal_(std::move(journal)), agent_(std::move(agent)), act_at_(arm_.deadline) {}

  bool is_over() const;
  void stop_agent();
  bool undo_as_a_restart(const agent::AgentConfig& config);
  bool undo_from_memory(const std::string& why);
  Result<std::size_t> apply_inverse() const;
  bool come_again(Nanoseconds after);
  std::string when() const;

  Arm arm_;
  agent::Journal journal_;
  PeerProcess agent_;
  BootTime act_at_;
  std::optional<BootTime> began_;
  bool agent_is_there_ = true, failure_told_ = false;
};

}  // namespace ondol::undo
