// Text scripts for the collector core: commands above ----, what came of them below, blank line between blocks.
#pragma once

#include <functional>
#include <map>
#include <sstream>
#include <string>

#include "tests/fakes/agent_says.h"

namespace ondol::collector {

// Commands (H is a host, S a stream name; routes are separated by ;):
//   enrol H | revoke H | desired H GENERATION [ignore|report] : ROUTES | unmanaged H GENERATION
//   connect H S [instance=I] [runs=N] [next=N] | hangup S | beat S [digest=V] [error=TEXT]
//   status S N | value S V : ROUTES | events S FIRST [lost=N] : EVENTS | advance SECONDS
//   disk works|held|fails | restart | drift | hosts | trials
//   tries S GENERATION SECONDS | listens PORT | contact H S GENERATION [instance=I] [from=PORT] [phase=before] [port=N]
// EVENTS: removed ROUTE | vanished ROUTE | added ROUTE | replaced ROUTE -> ROUTE | back ROUTE answers N |
//   contested ROUTE answers N | refused GENERATION REASON | tried GENERATION | kept GENERATION |
//   undone GENERATION REASON
class Script {
 public:
  Script();
  std::string run(const std::string& line);  // what came of it, one line each

 private:
  using Words = std::istringstream;
  void enrol(Words& words);
  void desired(Words& words, const std::string& rest);
  void connect(Words& words);
  void beat(Words& words);
  void value(Words& words, const std::string& rest);
  void events(Words& words, const std::string& rest);
  void advance(Words& words);
  void disk(Words& words);
  void tries(Words& words);
  void contact(Words& words);
  void trials();
  session::HostEvent event(std::uint64_t sequence, const std::string& text);
  StreamId stream(Words& words);
  std::string stream_name(StreamId id) const;
  std::string collect();

  CollectorStage stage_;
  std::map<std::string, StreamId> streams_;
  std::map<std::string, std::function<void(Words&, const std::string&)>> commands_;
  std::string shown_;
  std::size_t audits_seen_ = 0;
  std::map<StreamId, std::string> closed_seen_;
};

}  // namespace ondol::collector
