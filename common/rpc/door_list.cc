#include "common/rpc/door_list.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <string>

namespace ondol::rpc {
namespace {

constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

// "%5B" and "%5D" are the brackets.
bool strip_brackets(std::string_view& host) {
  if (!host.starts_with("%5B") || !host.ends_with("%5D")) return false;
  host = host.substr(3, host.size() - 6);
  host = host.substr(0, host.find('%'));  // a zone means nothing to us
  return true;
}

}  // namespace

PeerKey make_peer(IpAddress address, std::uint16_t port) {
  if (address.family == Family::kIpv6 && std::equal(kMapped.begin(), kMapped.end(), address.bytes.begin())) {
    IpAddress plain;
    std::copy(address.bytes.begin() + 12, address.bytes.end(), plain.bytes.begin());
    return {plain, port};
  }
  return {address, port};
}

std::optional<PeerKey> parse_peer(std::string_view text) {
  const bool is_ipv6 = text.starts_with("ipv6:");
  if (!is_ipv6 && !text.starts_with("ipv4:")) return std::nullopt;
  text.remove_prefix(5);
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::uint16_t port = 0;
  const char* end = text.data() + text.size();
  const auto number = std::from_chars(text.data() + colon + 1, end, port);
  std::string_view host = text.substr(0, colon);
  if (number.ec != std::errc{} || number.ptr != end || (is_ipv6 && !strip_brackets(host))) return std::nullopt;
  IpAddress address;
  address.family = is_ipv6 ? Family::kIpv6 : Family::kIpv4;
  if (inet_pton(is_ipv6 ? AF_INET6 : AF_INET, std::string(host).c_str(), address.bytes.data()) != 1) return std::nullopt;
  return make_peer(address, port);
}

IpPrefix DoorList::source_of(const PeerKey& peer) {
  return masked({peer.address, static_cast<std::uint8_t>(peer.address.family == Family::kIpv4 ? 32 : 64)});
}

DoorList::Answer DoorList::judge(const PeerKey& peer) const {
  if (connections_.contains(peer)) return Answer::kWelcome;  // takes the place of a dead one
  if (connections_.size() >= max_connections_) return Answer::kFull;
  const auto found = sources_.find(source_of(peer));
  return found != sources_.end() && found->second >= max_per_source_ ? Answer::kSourceFull : Answer::kWelcome;
}

DoorList::Connection& DoorList::entry(const PeerKey& peer) {
  const auto [found, is_new] = connections_.try_emplace(peer);
  if (is_new) ++sources_[source_of(peer)];
  return found->second;
}

void DoorList::forget(Connections::iterator found) {
  work_ended(found->second);
  const auto source = sources_.find(source_of(found->first));
  if (--source->second == 0) sources_.erase(source);
  connections_.erase(found);
}

void DoorList::work_ended(Connection& connection) {
  if (std::exchange(connection.at_work, false)) --at_work_;
}

std::size_t DoorList::at_work(Time now) {
  for (; !admitted_.empty() && admitted_.front().first + kAtWork <= now; admitted_.pop_front()) {
    const auto found = connections_.find(admitted_.front().second);
    if (found != connections_.end()) work_ended(found->second);
  }
  return at_work_;
}

int DoorList::admit(const PeerKey& peer, int kept, Time now, Time deadline) {
  Connection& connection = entry(peer);
  if (!std::exchange(connection.at_work, true)) ++at_work_;
  admitted_.emplace_back(now, peer);
  connection.deadline = deadline;
  deadlines_.emplace_back(deadline, peer);
  return std::exchange(connection.kept, kept);
}

int DoorList::opened(const PeerKey& peer) {
  Connection& connection = entry(peer);
  work_ended(connection);
  ++connection.streams;
  return std::exchange(connection.kept, -1);
}

void DoorList::ended(const PeerKey& peer) {
  const auto found = connections_.find(peer);
  if (found == connections_.end() || found->second.streams == 0) return;
  if (--found->second.streams == 0 && found->second.kept < 0) forget(found);
}

std::vector<std::pair<PeerKey, int>> DoorList::waiting() const {
  std::vector<std::pair<PeerKey, int>> all;
  for (const auto& [deadline, peer] : deadlines_) {
    const auto found = connections_.find(peer);
    const bool is_its_own = found != connections_.end() && found->second.deadline == deadline;
    if (is_its_own && found->second.kept >= 0) all.emplace_back(peer, found->second.kept);
  }
  return all;
}

int DoorList::gone(const PeerKey& peer) {
  const auto found = connections_.find(peer);
  if (found == connections_.end()) return -1;
  const int kept = std::exchange(found->second.kept, -1);
  work_ended(found->second);
  if (found->second.streams == 0) forget(found);
  return kept;
}

std::vector<int> DoorList::take_overdue(Time now) {
  std::vector<int> overdue;
  while (!deadlines_.empty() && deadlines_.front().first <= now) {
    const auto found = connections_.find(deadlines_.front().second);
    deadlines_.pop_front();
    if (found == connections_.end() || found->second.kept < 0 || found->second.deadline > now) continue;
    overdue.push_back(std::exchange(found->second.kept, -1));
    if (found->second.streams == 0) forget(found);
  }
  return overdue;
}

std::vector<int> DoorList::take_all() {
  std::vector<int> all;
  for (auto& [peer, connection] : connections_) {
    if (connection.kept >= 0) all.push_back(std::exchange(connection.kept, -1));
  }
  connections_.clear();
  sources_.clear();
  deadlines_.clear();
  admitted_.clear();
  at_work_ = 0;
  return all;
}

}  // namespace ondol::rpc
