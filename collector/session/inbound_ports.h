// Whether hosts answer on ports of their own: connections made from the collector's side, many at a time, off the shard.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "common/resources/trial/trial.h"

namespace ondol::collector {

struct InboundLimits {
  Milliseconds answer{2'000};     // for one port
  Milliseconds waiting{3'000};    // for a place among the attempts; then the port was not tried, and that is said
  std::size_t attempts = 1'024;   // at a time: each is a descriptor
};

// Thread: its own; open() may be called from any thread.
// Limits: an answer comes within limits.answer + limits.waiting.
class InboundPorts {
 public:
  // One result per port, in order, kind inbound. Called on this class's thread; never after stop().
  using Done = std::function<void(std::vector<trial::ProbeResult>)>;

  virtual ~InboundPorts() = default;
  virtual void open(const IpAddress& host, std::vector<std::uint16_t> ports, Done done) = 0;
  virtual void stop() = 0;  // what is under way is given up
};

std::unique_ptr<InboundPorts> make_inbound_ports(const InboundLimits& limits = {});

}  // namespace ondol::collector
