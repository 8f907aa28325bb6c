// Thousands of simulated hosts on one completion queue and one thread.
#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "common/base/backoff.h"
#include "tests/bench/swarm/fleet_files.h"
#include "tests/bench/swarm/sim_host.h"
#include "tests/bench/swarm/sim_stream.h"

namespace ondol::bench {

using Clock = std::chrono::steady_clock;

struct SwarmTarget {
  std::string address;  // ADDRESS:PORT of agents' door
  FleetFiles files;
};

struct SwarmCounts {
  std::size_t connected = 0;  // welcome now
  std::size_t lost = 0;       // streams that were welcome and ended without being told to
  std::size_t refused = 0;    // attempts that ended before a welcome
  std::size_t beats = 0, answers = 0;
};

// Thread: one, which calls everything and turn() in between.
class Swarm {
 public:
  explicit Swarm(SwarmTarget target);
  ~Swarm();
  Swarm(const Swarm&) = delete;
  Swarm& operator=(const Swarm&) = delete;

  // Channels for hosts first..first+count-1, made before the time is taken; then all of them at once. A host
  // that is refused or lost comes back by the agents' own back-off.
  void connect(std::size_t first, std::size_t count, bool deaf);
  void drop(std::size_t first, std::size_t count);  // their streams end and do not come back
  void beat(Milliseconds interval, bool answered);  // spread evenly; 0 = no more
  // Handles what is there, at most until `until`.
  void turn(Clock::time_point until);

  const SwarmCounts& counts() const { return counts_; }
  void reset_counts();
  std::vector<std::uint32_t>& delays_us() {
    return delays_us_;
  }  // of answered heartbeats, since reset_counts
  const std::vector<Clock::time_point>& welcomed() const { return welcomed_; }  // since connect
  bool all_streams_ended() const { return streams_ == 0; }
  // When each host first had `generation` applied, and kept; hosts that have not are left out.
  struct Reached {
    std::vector<Clock::time_point> applied, kept;
  };
  void watch(Generation generation);
  const Reached& reached() const { return reached_; }

 private:
  struct Member {
    explicit Member(HostId host, std::string instance) : sim(std::move(host), std::move(instance)) {}
    SimHost sim;
    std::size_t number = 0;
    std::shared_ptr<grpc::Channel> channel;
    std::shared_ptr<SimStream> stream, contact;
    Backoff backoff{BackoffLimits{}};
    Clock::time_point asked{};  // when the oldest heartbeat that waits for its answer was sent
    bool wanted = false, deaf = false, welcome = false;
  };
  struct Retry {
    Clock::time_point at;
    std::size_t number;
    bool operator<(const Retry& other) const { return at > other.at; }
  };

  std::shared_ptr<grpc::Channel> make_channel(std::size_t number) const;
  void open(Member& member);
  void closed(Member& member);
  void take(Member& member, session::ToAgent message);
  void now_welcome(Member& member);
  void take_answer(Member& member);
  void take_offer(Member& member, const session::DesiredOffer& offer);
  void send_all(Member& member, const SimHost::Messages& messages);
  void make_contact(Member& member);
  void contact_later(Member& member);
  void start_contacts();
  void contact_answered(Member& member, const session::ToAgent& message);
  void contact_closed(Member& member);
  bool is_watched(const Member& member) const;
  void retry_later(Member& member);
  void beat_due(Clock::time_point now);
  void run_due(Clock::time_point now);

  SwarmTarget target_;
  grpc::CompletionQueue queue_;
  std::vector<std::unique_ptr<Member>> members_;
  std::vector<Retry> retries_;  // a heap
  std::deque<Member*> contacts_due_;
  std::size_t contacts_ = 0;
  std::deque<std::pair<Clock::time_point, Member*>> beats_;  // in order: the interval is the same for all
  Milliseconds interval_{};
  bool answered_ = false;
  std::mt19937_64 random_{std::random_device{}()};
  std::size_t streams_ = 0;
  SwarmCounts counts_;
  std::vector<std::uint32_t> delays_us_;
  std::vector<Clock::time_point> welcomed_;
  Generation watched_;
  Reached reached_;
};

}  // namespace ondol::bench
