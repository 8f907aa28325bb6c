#include "collector/session/source_book.h"

namespace ondol::collector {

void SourceBook::note(const HostId& host, const IpAddress& from) {
  const auto [known, is_new] = address_of_.try_emplace(host, from);
  if (!is_new && known->second != from) {
    const auto before = hosts_at_.find(known->second);
    before->second.erase(host);
    if (before->second.empty()) hosts_at_.erase(before);
    known->second = from;
  }
  hosts_at_[from].insert(host);
}

std::optional<HostId> SourceBook::host_at(const IpAddress& address) const {
  const auto found = hosts_at_.find(address);
  if (found == hosts_at_.end() || found->second.size() != 1) return std::nullopt;
  return *found->second.begin();
}

}  // namespace ondol::collector
