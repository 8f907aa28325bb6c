// One step of a written story: a command to the world around the agent.
#pragma once

#include <string>
#include <vector>

#include "tests/fakes/agent_world.h"

namespace ondol::scenario {

Nanoseconds parse_time(const std::string& text);  // 10s 5m 2h 100ms

// "10.20.0.0/16 via 10.0.0.1 dev eth0 metric 5", "192.0.2.0/24 blackhole", "range 20 via 10.0.0.1" (20 routes).
std::vector<routes::Route> parse_routes(const std::string& line);

// "offer N [OPTION...]" and route lines.
DesiredState parse_desired(const std::vector<std::string>& lines);

// A command line with its following lines; what the agent did comes back, one line each.
//   link NAME up|down [ADDRESS...] | unlink NAME         hand VERB ROUTE [proto P] [as COMMAND]   VERB: del add append replace lose
//   offer N [OPTION...] + route lines                    OPTION: report take_over remove ignore unmanaged mass_delete
//                                                                trial deadline=30s; lines: probe tcp|dns|inbound WHERE [NAME]
//   probe before|after|undone NAME green|red TEXT        contact before|after answers|undecided|dead TEXT|denies TEXT
//   preflight ok|missing|breaks|refuses PREFIX TEXT|notes TEXT             keeper ok|refuses TEXT|lost TEXT     world silent|answers
//   clock TIME (a step of the wall clock)
//   boot | restart | reboot | kill POINT                 collector up|down      pass 10s|5m|2h
//   hold | release | withdraw | rollback | guard KEY=VALUE...       safe_mode REASON|ends     disk full|ok|wiped|unreadable FILE     reads fail|work
//   kernel refuses PREFIX|dies N|any                     show kernel|states|status
std::string play(fakes::AgentWorld& world, const std::vector<std::string>& lines);

}  // namespace ondol::scenario
