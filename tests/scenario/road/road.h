// Agents and a collector on one road: both cores, kernels, disks and clocks of plain values, and between them only frames.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "common/wire/session_wire.h"
#include "tests/fakes/agent_world.h"
#include "tests/fakes/collector_stage.h"

namespace ondol::scenario {

// What becomes of one frame.
enum class Fate { kArrives, kIsLost, kArrivesTwice, kBreaksTheStream, kBreaksItForTheAgent, kBreaksItForTheCollector };

class Road;

// One agent with its end of the road.
class RoadHost : public fakes::AgentLine {
 public:
  RoadHost(Road& road, std::string name, HostId identity);

  void open() override;
  void close() override;
  void send(const session::ToCollector& message) override;
  void make_contact(const agent::MakeContact& effect) override;
  std::string encode(const session::RoutesReport& report) override;

  void begin(const std::function<void()>& boot);  // a new process
  void lose_stream(const std::string& reason);    // only the agent notices

  const std::string name;
  const HostId identity;  // as its certificate says
  fakes::AgentWorld world;

 private:
  friend class Road;
  Road& road_;
  std::uint64_t link_ = 0;  // 0 = none
  std::string serial_;
  std::optional<BootTime> issued_;
  int processes_ = 0;
};

// Thread: one. Everything that was said arrives before time goes on; frames travel in the order in which they were sent.
class Road {
 public:
  Road();

  RoadHost& add(const std::string& name, const std::string& identity);  // eth0 is up with 10.0.0.5/24; it boots
  RoadHost& host(const std::string& name) { return *hosts_.at(name); }
  bool has(const std::string& name) const { return hosts_.contains(name); }
  const std::map<std::string, std::unique_ptr<RoadHost>>& hosts() const { return hosts_; }

  void settle();               // until nobody has anything more to say
  void pass(Nanoseconds time);
  void cut(const std::string& name);       // both ends notice
  void set_reachable(bool reachable);      // the collector, from every agent
  void restart_collector();

  collector::CollectorStage collector;
  std::function<Fate(std::size_t frame)> fate;  // of the n-th frame that travels, from 0; empty = all arrive
  std::size_t frames() const { return frames_; }
  std::size_t events_sent() const { return events_sent_; }  // by agents, each time they are sent
  std::size_t values_sent() const { return values_sent_; }
  std::function<void()> after_each;  // something happened
  // The collector said something to an agent, or ended its stream.
  std::function<void(const RoadHost& to, const session::ToAgent* message, const std::string& end)> hears_collector;

 private:
  friend class RoadHost;
  struct Link {
    std::uint64_t id = 0;
    RoadHost* host = nullptr;
    std::optional<agent::MakeContact> contact;  // made for it alone
    std::optional<collector::StreamId> stream;  // empty until the collector took it
    wire::AgentFrames at_collector;
    wire::CollectorFrames at_agent;
    bool ended_at_agent = false, ended_at_collector = false;
  };
  struct Travelling {
    enum class What { kOpen, kFrame, kEnd } what = What::kFrame;
    bool up = true;
    std::uint64_t link = 0;
    std::string bytes;  // of the frame, or the reason of the end
  };

  void arrive(Travelling& one);
  void arrive_open(Link& link);
  void arrive_frame(const Travelling& one, Link& link);
  void take_up(const std::string& frame, Link& link);
  void take_down(const std::string& frame, Link& link);
  void end_at_collector(Link& link, const std::string& reason);
  void end_at_agent(Link& link, const std::string& reason);
  void carry_answers();  // what the collector said goes onto the road
  void renew(RoadHost& host);
  void end_contacts(const RoadHost& host);  // both ends notice
  void happened() const {
    if (after_each) after_each();
  }

  std::map<std::string, std::unique_ptr<RoadHost>> hosts_;
  std::map<std::uint64_t, Link> links_;
  std::uint64_t last_link_ = 0;
  std::deque<Travelling> road_;
  std::size_t frames_ = 0, events_sent_ = 0, values_sent_ = 0;
  bool reachable_ = true;
};

}  // namespace ondol::scenario
