// Which host speaks from which address, as far as that is one host.
#pragma once

#include <map>
#include <optional>
#include <set>

#include "common/base/ids.h"
#include "common/base/ip_prefix.h"

namespace ondol::collector {

// Limits: one address a host, that of its newest stream. Thread: one.
class SourceBook {
 public:
  void note(const HostId& host, const IpAddress& from);
  // Empty when nobody or more than one spoke from there: what is behind a shared address is never guessed.
  std::optional<HostId> host_at(const IpAddress& address) const;

 private:
  std::map<HostId, IpAddress> address_of_;
  std::map<IpAddress, std::set<HostId>> hosts_at_;
};

}  // namespace ondol::collector
