// The host's links as pairs of virtual ones with the same names and numbers. Pure.
#pragma once

#include <span>
#include <vector>

#include "agent/preflight/question.h"
#include "agent/preflight/scratch/request.h"

namespace ondol::preflight {

inline constexpr std::uint32_t kLinkGroup = 0x0d01'0079;  // of everything made here: removed with one request
inline constexpr int kFirstPeer = 0x4000'0000;            // the far end of link N is kFirstPeer + N

// Loopback is there already and left out everywhere.
std::vector<Request> encode_creation(std::span<const HostLink> links);
// Reverse path filter and the like. IPv6 apart: a kernel may lack it.
std::vector<Request> encode_settings(std::span<const HostLink> links);
std::vector<Request> encode_ipv6_settings(std::span<const HostLink> links);
// Far ends first, so that a carrier is there when the link comes up.
std::vector<Request> encode_start(std::span<const HostLink> links);
Request encode_removal();  // of every link of the group
Request encode_up(int index);
Request encode_name(int index, std::string_view name);  // of a link that is down

}  // namespace ondol::preflight
