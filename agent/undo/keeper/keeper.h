// Keeps the undo of trials for agents that may die: one socket, one timer, one loop.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "agent/undo/keeper/kept_trial.h"

namespace ondol::undo {

// A socket at `path`, mode 0600; one that nobody listens on any more is replaced.
Result<int> open_listener(const std::string& path);

// Limits: 8 connections; one that says nothing whole for 5 s is closed, as is one that is not understood.
// Thread: one. While it undoes, others wait.
class Keeper {
 public:
  // `idle`: leave after so long without anything kept; empty = never.
  Keeper(int listener, agent::AgentConfig config, std::optional<Milliseconds> idle);
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;
  ~Keeper();

  Result<void> run();

 private:
  struct Connection {
    int fd = -1;                        // -1 = broken; its trial is kept
    std::string received;
    BootTime speak_by = BootTime::max();
    std::optional<KeptTrial> trial;
  };

  void take_caller(BootTime now);
  void read_from(Connection& connection);
  void answer(Connection& connection, const Message& message);
  Message reply(Connection& connection, const Message& asked);
  Message arm(Connection& connection, const Arm& asked);
  void end(Connection& connection);
  void act(BootTime now);
  BootTime next_due() const;
  void set_timer();

  int listener_, timer_;
  agent::AgentConfig config_;
  std::optional<Milliseconds> idle_;
  BootTime idle_since_{};
  std::map<int, Connection> connections_;  // by a number of their own
  int next_ = 0;
};

}  // namespace ondol::undo
