// Keeps the record of this agent's starts and ends, and tells when safe mode begins and ends.
#pragma once

#include <functional>
#include <string>

#include "agent/core/crash_watch.h"
#include "agent/state/state_dir.h"

namespace ondol::agent {

// Thread: the loop's. A record that cannot be written is told once and changes nothing else.
class StartWatch {
 public:
  // `changed` is given the reason for safe mode; empty = it ended.
  StartWatch(const StateDir& state, std::function<void(const std::string&)> changed)
      : state_(state), changed_(std::move(changed)) {}

  void begin(const std::string& boot_id, BootTime now);  // before anything that could crash
  void look(BootTime now);                               // now and then
  void release();                                        // by a person
  void end();                                            // the agent leaves because it was told to

 private:
  void keep(StartRecord record);

  const StateDir& state_;
  std::function<void(const std::string&)> changed_;
  StartRecord record_;
  BootTime began_{};
  bool told_ = false;
};

}  // namespace ondol::agent
