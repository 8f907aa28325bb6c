// Asks the kernel in the scratch namespace how each target is reached, both ways.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/host/routes/request_socket.h"
#include "agent/preflight/question.h"

namespace ondol::preflight {

// What the answers are judged by: which links have a carrier, and where our addresses are.
class HostView {
 public:
  explicit HostView(const Question& question);
  const HostLink* find(int index) const;
  std::string name_of(int index) const;
  // By which link packets to `source` come in, of what is sent by `out`.
  int link_of_answers(const IpAddress& source, int out) const;
  // A link that is there and down, and in whose network `gateway` is.
  const HostLink* down_link_of(const IpAddress& gateway) const;
  const HostLink* find(const routes::InterfaceName& name) const;

 private:
  std::map<int, HostLink> links_;
  std::vector<routes::InterfaceAddress> addresses_;
};

// Where a target's own connections come in, and to which address of ours: that has to go on working.
struct Pin {
  int link = 0;
  IpAddress address;
};

struct Path {
  Reach reach;
  int link = 0;
  bool is_local = false;  // the target is this host
  bool way_out = false;   // packets to it leave, whatever becomes of the answers
  std::string partial;    // why some of its connections are lost and others are not; empty = none is
};

// One path per target; `pins` holds as many, empty where the target calls nobody.
Result<std::vector<Path>> read_paths(routes::RequestSocket& socket, const HostView& host,
                                     const std::vector<trial::ReachTarget>& targets,
                                     const std::vector<std::optional<Pin>>& pins);

}  // namespace ondol::preflight
