// A host's kernel as a plain value: links, addresses, routes, and what a write or a person's command does to them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "agent/core/events.h"

namespace ondol::fakes {

class FakeKernel {
 public:
  // An existing link is changed. Down takes its IPv4 routes away without a word, as Linux does.
  void set_link(const std::string& name, bool up, std::vector<IpPrefix> addresses = {});
  void remove_link(const std::string& name);
  std::vector<agent::LinkFacts> links() const;

  agent::RoutesApplied apply(agent::ApplyPurpose purpose, const std::vector<routes::RouteOp>& operations, Now now);
  routes::RouteSnapshot snapshot() const;

  // A person's command; what the multicast message about it says.
  agent::TouchedRoute edit(session::ChangeKind kind, bool append, const routes::Route& route, std::uint8_t protocol);
  // Gone without a message, as with a lost one.
  void lose(const routes::RouteKey& key);
  void reboot();

  std::size_t writes() const { return writes_; }
  std::string refuse_destination;  // the kernel refuses this one with EINVAL; empty = none
  std::string mute_destination;    // an add of this one is done, and its answer is lost; empty = none
  std::size_t dies_after = 0;      // the process is killed after so many operations of one apply; 0 = never

 private:
  std::string why_not(const routes::Route& route, agent::FailedOp& failure) const;
  void fill_in(routes::Nexthop& hop) const;
  bool do_one(const routes::RouteOp& op, agent::FailedOp& failure);
  std::vector<routes::ObservedRoute>::iterator holder(const routes::RouteKey& key);

  std::map<std::string, agent::LinkFacts> links_;
  std::vector<routes::ObservedRoute> routes_;  // the order within one key is the kernel's
  std::size_t writes_ = 0;
};

// The process under test was killed here.
struct Killed {
  std::string where;
};

}  // namespace ondol::fakes
