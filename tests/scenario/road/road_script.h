// Text scripts for the whole road: commands above ----, what was said and done on both sides below.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tests/scenario/road/road.h"

namespace ondol::scenario {

// Commands (H is a host):
//   host H [made by hand: ROUTE lines below] | clone H2 of H      an agent is enrolled and starts
//   intent H N [OPTION...] + route lines                          written, resolved and durable; options as in `offer`
//   H COMMAND...                                                  to the world around that agent, see agent_script.h
//   cut H | cut H at-the-agent                                    the stream breaks for both, or the collector notices nothing
//   collector away|back|restarts | collector disk works|held|fails
//   revoke H | pass 10s | show drift|hosts|history H|both H
class RoadScript {
 public:
  RoadScript();
  std::string play(const std::vector<std::string>& lines);
  Road& road() { return road_; }

 private:
  using Words = std::vector<std::string>;
  void start_host(const Words& words, const std::vector<std::string>& lines);
  void write_intent(const Words& words, const std::vector<std::string>& lines);
  void tell_host(const Words& words, const std::vector<std::string>& lines);
  void tell_collector(const Words& words);
  std::string show(const Words& words);
  std::string show_history(const std::string& host);
  std::string show_both(const std::string& host);
  void listen();  // to everybody, after each thing that happens
  void listen_to_collector();
  void say(const std::string& who, const std::string& text);

  Road road_;
  std::map<std::string, std::function<void(const Words&, const std::vector<std::string>&)>> commands_;
  std::vector<std::string> said_;
  std::size_t published_heard_ = 0, told_heard_ = 0, audits_heard_ = 0;
};

}  // namespace ondol::scenario
