// Who stands at the door: connections by peer and by source, and which of them waited too long for their first stream.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/ip_prefix.h"

namespace ondol::rpc {

struct PeerKey {
  IpAddress address;  // never IPv4 mapped into IPv6: that is IPv4
  std::uint16_t port = 0;
  auto operator<=>(const PeerKey&) const = default;
};

PeerKey make_peer(IpAddress address, std::uint16_t port);
// As gRPC writes it: "ipv4:10.0.0.1:4711" or "ipv6:%5B2001:db8::1%5D:4711", perhaps with a zone.
std::optional<PeerKey> parse_peer(std::string_view text);

// Owns no descriptor: those to be closed are returned. Thread: one.
class DoorList {
 public:
  using Time = std::chrono::steady_clock::time_point;
  enum class Answer { kWelcome, kFull, kSourceFull };

  DoorList(std::size_t max_connections, std::size_t max_per_source)
      : max_connections_(max_connections), max_per_source_(max_per_source) {}

  Answer judge(const PeerKey& peer) const;
  // `kept` is a duplicate descriptor by which the connection can be ended until its stream opens. Returns that of a
  // connection which is dead already (its address and port came again), else -1.
  int admit(const PeerKey& peer, int kept, Time now, Time deadline);
  int opened(const PeerKey& peer);  // a stream; returns the descriptor that is needed no more, else -1
  void ended(const PeerKey& peer);  // a stream
  // Admitted within the last kAtWork and neither opened nor gone: their handshakes are work. Whoever takes longer is waited
  // for, which costs nothing.
  std::size_t at_work(Time now);
  static constexpr std::chrono::milliseconds kAtWork{500};
  // Those that still wait for their first stream, by the descriptor kept for each.
  std::vector<std::pair<PeerKey, int>> waiting() const;
  int gone(const PeerKey& peer);            // it ended before its first stream; returns its descriptor, else -1
  std::vector<int> take_overdue(Time now);  // forgotten here: the caller ends them
  std::vector<int> take_all();
  std::size_t size() const { return connections_.size(); }

 private:
  struct Connection {
    int kept = -1;
    Time deadline{};
    std::size_t streams = 0;
    bool at_work = false;
  };
  using Connections = std::map<PeerKey, Connection>;

  static IpPrefix source_of(const PeerKey& peer);  // an IPv6 host owns its /64
  Connection& entry(const PeerKey& peer);
  void forget(Connections::iterator found);
  void work_ended(Connection& connection);

  std::size_t max_connections_, max_per_source_;
  Connections connections_;
  std::map<IpPrefix, std::size_t> sources_;
  std::deque<std::pair<Time, PeerKey>> deadlines_;  // in order: every connection gets the same patience
  std::deque<std::pair<Time, PeerKey>> admitted_;   // when, in order, for at most kAtWork
  std::size_t at_work_ = 0;
};

}  // namespace ondol::rpc
