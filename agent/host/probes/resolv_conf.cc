#include "agent/host/probes/resolv_conf.h"

#include <algorithm>

namespace ondol::probes {
namespace {

constexpr std::string_view kBlanks = " \t\r";

std::string_view take_word(std::string_view& line) {
  line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
  const std::string_view word = line.substr(0, line.find_first_of(kBlanks));
  line.remove_prefix(word.size());
  return word;
}

}  // namespace

std::vector<IpAddress> parse_resolv_conf(std::string_view text) {
  std::vector<IpAddress> servers;
  while (!text.empty() && servers.size() < kMaxNameServers) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (take_word(line) != "nameserver") continue;
    const auto address = parse_address(take_word(line));
    if (address && std::ranges::find(servers, *address) == servers.end()) servers.push_back(*address);
  }
  return servers;
}

}  // namespace ondol::probes
