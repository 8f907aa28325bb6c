#include "agent/host/routes/read_links.h"

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>

namespace ondol::routes {
namespace {

constexpr int kMaxTries = 5;

// Dumps until the kernel says it was not torn; `start` empties what an earlier try filled.
Result<void> read_whole(RequestSocket& requests, std::uint16_t type, const std::function<void()>& start,
                        const std::function<void(const Message&)>& visit) {
  for (int i = 0; i < kMaxTries; ++i) {
    start();
    const auto is_whole = requests.dump(type, AF_UNSPEC, visit);
    if (!is_whole) return fail(is_whole.error());
    if (*is_whole) return {};
  }
  return fail(Errc::kInterrupted, "links changed during each of five reads");
}

}  // namespace

Result<LinkTable> read_link_table(RequestSocket& requests) {
  LinkTable table;
  const auto visit = [&table](const Message& message) {
    if (message.type != RTM_NEWLINK) return;
    if (const auto link = decode_link(message)) table.put(*link);
  };
  ONDOL_TRY(read_whole(
      requests, RTM_GETLINK, [&table] { table.clear(); }, visit));
  return table;
}

Result<NexthopTable> read_nexthop_table(RequestSocket& requests, const LinkTable& links) {
  NexthopTable table;
  const auto visit = [&](const Message& message) {
    if (message.type != RTM_NEWNEXTHOP) return;
    if (auto object = decode_nexthop(message, links)) table.put(std::move(*object));
  };
  ONDOL_TRY(read_whole(
      requests, RTM_GETNEXTHOP, [&table] { table.clear(); }, visit));
  return table;
}

Result<std::vector<Link>> read_links(RequestSocket& requests) {
  auto table = read_link_table(requests);
  if (!table) return fail(table.error());
  std::vector<Link> links;
  for (const auto& [index, facts] : *table) links.push_back({index, facts.name, facts.up, facts.running, {}});
  const auto start = [&links] {
    for (Link& link : links) link.addresses.clear();
  };
  const auto visit = [&links](const Message& message) {
    const auto address = message.type == RTM_NEWADDR ? decode_address(message) : std::nullopt;
    if (!address) return;
    const auto link = std::ranges::find(links, address->index, &Link::index);
    if (link != links.end()) link->addresses.push_back(address->address);
  };
  ONDOL_TRY(read_whole(requests, RTM_GETADDR, start, visit));
  for (Link& link : links) std::ranges::sort(link.addresses);
  return links;
}

}  // namespace ondol::routes
