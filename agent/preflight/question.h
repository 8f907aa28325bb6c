// What is asked of a scratch namespace, and what the kernel in it said: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/ip_prefix.h"
#include "common/resources/routes/plan_routes.h"
#include "common/resources/trial/preflight.h"

namespace ondol::preflight {

struct HostLink {
  int index = 0;  // the same in the scratch namespace: routes and rules name links by it
  routes::InterfaceName name;
  bool up = false;
  bool running = false;             // carrier
  bool is_vrf = false;              // cannot be re-created: what it routes is not judged
  std::uint8_t rp_filter = 0;       // in force: 0 none, 1 strict, 2 loose
  bool ignores_linkdown = false;    // routes over it do not count without a carrier
  std::uint32_t mtu = 0;            // bytes; 0 = not known
  bool operator==(const HostLink&) const = default;
};

// rtnetlink messages end to end, as the kernel dumped them.
using Messages = std::vector<std::uint8_t>;

struct Question {
  std::vector<HostLink> links;  // lo included
  Messages addresses;           // RTM_NEWADDR
  Messages nexthops;            // RTM_NEWNEXTHOP
  Messages rules;               // RTM_NEWRULE, both families
  Messages routes;              // RTM_NEWROUTE, both families, every table and protocol
  std::vector<routes::RouteOp> operations;
  std::vector<trial::ReachTarget> targets;
  bool operator==(const Question&) const = default;
};

// One target as the kernel sees it at one moment.
struct Reach {
  bool there = false;
  routes::InterfaceName interface;     // by which it is reached
  std::optional<IpAddress> gateway;    // empty = on the link, or not there
  std::optional<IpAddress> source;     // the address of ours that the kernel would use
  std::string text;                    // why it is not there
  bool operator==(const Reach&) const = default;
};

struct TargetReach {
  Reach before, after;
  bool operator==(const TargetReach&) const = default;
};

struct Verdict {
  std::vector<TargetReach> targets;  // one per target of the question
  trial::PreflightVerdict judgement;
  bool operator==(const Verdict&) const = default;
};

}  // namespace ondol::preflight
