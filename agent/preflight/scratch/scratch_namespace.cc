#include "agent/preflight/scratch/scratch_namespace.h"

#include <fmt/format.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>

#include "agent/preflight/scratch/encode_links.h"
#include "agent/preflight/scratch/fallback_link.h"
#include "agent/preflight/scratch/later_links.h"
#include "agent/preflight/scratch/replay_messages.h"
#include "agent/preflight/scratch/send_requests.h"

namespace ondol::preflight {
namespace {

using routes::Message;
using Body = std::vector<std::uint8_t>;

constexpr int kLoopback = 1;
constexpr std::string_view kRemedy = "start it with PrivateNetwork=yes, or as root";
constexpr int kMaxRounds = 8;  // gateways that are reached through routes that have gateways, ...

std::string text_of(const routes::Answer& answer) {
  return answer.text.empty() ? std::strerror(answer.error_number) : answer.text;
}

// The first failure that is not `tolerated` is the error.
Result<void> send_all(routes::RequestSocket& socket, const std::vector<Request>& requests, const std::string& what,
                      int tolerated = 0) {
  const auto failures = send_requests(socket, requests);
  if (!failures) return fail(failures.error());
  for (const routes::BatchFailure& failure : *failures) {
    if (failure.answer.error_number == tolerated) continue;
    return fail(failure.answer.error_number == EOPNOTSUPP ? Errc::kUnsupported : Errc::kIo,
                what + ": " + text_of(failure.answer));
  }
  return {};
}

std::set<Body> bodies_of(const std::vector<Request>& requests) {
  std::set<Body> bodies;
  for (const Request& request : requests) bodies.insert(request.body());
  return bodies;
}

std::vector<Request> minus(const std::vector<Request>& all, const std::vector<Request>& without) {
  const std::set<Body> bodies = bodies_of(without);
  std::vector<Request> left;
  std::ranges::copy_if(all, std::back_inserter(left), [&](const Request& r) { return !bodies.contains(r.body()); });
  return left;
}

// The kernel takes the number and nothing else.
std::vector<Request> as_removals_of_nexthops(const std::vector<Request>& nexthops) {
  std::vector<Request> removals;
  for (const Request& nexthop : nexthops) {
    removals.emplace_back(RTM_DELNEXTHOP, std::uint16_t{0}, nhmsg{});
    removals.back().put_number(NHA_ID, id_of(nexthop));
  }
  return removals;
}

std::vector<Request> as_removals(std::vector<Request> requests, std::uint16_t type) {
  for (Request& request : requests) request.set_type(type, 0);
  return requests;
}

// Those whose gateways may be missing come after those that make them reachable; of one key the first is the one in use,
// so none overtakes another.
std::vector<Request> in_order(std::vector<Request> nexthops, std::vector<Request> routes) {
  std::ranges::stable_partition(nexthops, [](const Request& r) { return !is_group(r); });
  std::vector<Request> ordered, through;
  std::set<Body> deferred;
  for (Request& route : routes) {
    const bool is_deferred = has_gateway(route) || deferred.contains(key_of(route));
    if (is_deferred) deferred.insert(key_of(route));
    (is_deferred ? through : ordered).push_back(std::move(route));
  }
  std::ranges::move(nexthops, std::back_inserter(ordered));
  std::ranges::move(through, std::back_inserter(ordered));
  return ordered;
}

Result<void> refuse_what_is_strange(const Question& question) {
  constexpr std::string_view kCannotJudge = "it cannot judge";
  if (const auto rule = strange_in(question.rules, strange_in_rule)) {
    return fail(Errc::kUnavailable, fmt::format("a policy rule of this host has the attribute {}, which is not known here: {}",
                                                *rule, kCannotJudge));
  }
  if (const auto route = strange_in(question.routes, strange_in_route)) {
    return fail(Errc::kUnavailable,
                fmt::format("a route of this host has the attribute {}, which is not known here: {}", *route, kCannotJudge));
  }
  return {};
}

// Never stays where it was started: what is empty there may be filled by somebody a moment later.
Result<void> move_to_a_new_namespace() {
  if (::unshare(CLONE_NEWNET) == 0) return {};
  return fail(Errc::kRefused, fmt::format("it may not make a network namespace of its own ({})", std::strerror(errno)), "",
              std::string(kRemedy));
}

}  // namespace

Result<ScratchNamespace> ScratchNamespace::enter(bool is_given) {
  if (!is_given) ONDOL_TRY(move_to_a_new_namespace());
  auto requests = routes::RequestSocket::open();
  if (!requests) return fail(requests.error());
  ScratchNamespace made(std::move(*requests));
  ONDOL_TRY(made.set_fallback_links_aside());
  if (const auto checked = made.check(); !checked) {
    return fail(Errc::kRefused, checked.error().message, "", std::string(kRemedy));
  }
  ONDOL_TRY(send_all(made.requests_, {encode_up(kLoopback)}, "cannot bring up loopback"));
  made.has_ipv6_ = made.requests_.dump(RTM_GETRULE, AF_INET6, [](const Message&) {}).has_value();
  auto pristine = made.read_contents();
  if (!pristine) return fail(pristine.error());
  const bool has_routes = std::ranges::any_of(pristine->routes, has_gateway) || !pristine->nexthops.empty();
  if (has_routes) return fail(Errc::kRefused, "this network namespace has routes of its own", "", std::string(kRemedy));
  made.pristine_ = std::move(*pristine);
  return made;
}

// A host has links of these names too.
Result<void> ScratchNamespace::set_fallback_links_aside() {
  bool is_alone = true;
  std::vector<Request> renamings;
  const auto whole = requests_.dump(RTM_GETLINK, AF_UNSPEC, [&](const Message& message) {
    const auto link = message.type == RTM_NEWLINK ? routes::decode_link(message) : std::nullopt;
    if (!link || link->index == kLoopback) return;
    if (!is_fallback_link(message)) is_alone = false;
    fallback_.insert(link->index);
    renamings.push_back(encode_name(link->index, fmt::format("~fallback{}", link->index)));
  });
  if (!whole) return fail(whole.error());
  if (is_alone) return send_all(requests_, renamings, "cannot rename the links that the kernel made");
  fallback_.clear();
  return {};
}

Result<void> ScratchNamespace::check() {
  std::string foreign;
  const auto whole = requests_.dump(RTM_GETLINK, AF_UNSPEC, [&](const Message& message) {
    const auto link = message.type == RTM_NEWLINK ? routes::decode_link(message) : std::nullopt;
    if (!link || link->index == kLoopback || made_.contains(link->index) || fallback_.contains(link->index)) return;
    foreign = link->name.view();
  });
  if (!whole) return fail(whole.error());
  if (foreign.empty()) return {};
  return fail(Errc::kRefused, "this network namespace is in use: it has the link " + foreign);
}

Result<ScratchNamespace::Contents> ScratchNamespace::read_contents() {
  Contents contents;
  const auto read = [this](std::uint16_t type, std::uint8_t family, std::vector<Request>& out, auto replay) {
    return requests_.dump(type, family, [&](const Message& message) {
      if (auto request = replay(message)) out.push_back(std::move(*request));
    });
  };
  ONDOL_TRY(read(RTM_GETADDR, AF_UNSPEC, contents.addresses, replay_address));
  ONDOL_TRY(read(RTM_GETNEXTHOP, AF_UNSPEC, contents.nexthops, replay_nexthop));
  for (const std::uint8_t family : {AF_INET, AF_INET6}) {
    if (family == AF_INET6 && !has_ipv6_) continue;
    ONDOL_TRY(read(RTM_GETRULE, family, contents.rules, replay_rule));
    ONDOL_TRY(read(RTM_GETROUTE, family, contents.routes, replay_route));
  }
  return contents;
}

Result<std::vector<std::string>> ScratchNamespace::fill(const Question& question) {
  ONDOL_TRY(refuse_what_is_strange(question));
  ONDOL_TRY(check());
  ONDOL_TRY(make_links(question));
  ONDOL_TRY(make_rules(replay_all(question.rules, replay_rule)));
  const auto unmade = make_addresses(question);
  if (!unmade) return fail(unmade.error());
  auto notes = make_routes(question);
  if (!notes) return fail(notes.error());
  if (*unmade > 0) notes->push_back(fmt::format("addresses of this host that could not be re-created: {}", *unmade));
  for (const HostLink& link : question.links) {
    if (link.is_vrf) notes->push_back(fmt::format("{} is a VRF: routing through it is not judged", link.name.view()));
  }
  return notes;
}

Result<void> ScratchNamespace::make_links(const Question& question) {
  for (const HostLink& link : question.links) {
    if (link.index == kLoopback) continue;
    made_.insert(link.index);
    made_.insert(kFirstPeer + link.index);
  }
  for (const HostLink& link : later_links(question)) {  // they may be made while it is judged
    made_.insert(link.index);
    made_.insert(kFirstPeer + link.index);
  }
  ONDOL_TRY(send_all(requests_, encode_creation(question.links), "cannot make links like this host's"));
  ONDOL_TRY(send_all(requests_, encode_settings(question.links), "cannot set links like this host's"));
  const auto ipv6 = send_requests(requests_, encode_ipv6_settings(question.links));
  if (!ipv6) return fail(ipv6.error());
  return send_all(requests_, encode_start(question.links), "cannot bring up links like this host's");
}

Result<void> ScratchNamespace::make_rules(const std::vector<Request>& wanted) {
  const auto found = read_contents();
  if (!found) return fail(found.error());
  ONDOL_TRY(send_all(requests_, minus(wanted, found->rules), "cannot make policy rules like this host's", EEXIST));
  return send_all(requests_, as_removals(minus(found->rules, wanted), RTM_DELRULE), "cannot remove a policy rule", ENOENT);
}

// Gives how many could not be made.
Result<std::size_t> ScratchNamespace::make_addresses(const Question& question) {
  const auto failures = send_requests(requests_, replay_all(question.addresses, replay_address));
  if (!failures) return fail(failures.error());
  const auto is_unmade = [](const routes::BatchFailure& failure) { return failure.answer.error_number != EEXIST; };
  return static_cast<std::size_t>(std::ranges::count_if(*failures, is_unmade));
}

// Sends what is pending; what the kernel did not take is pending afterwards, and with it, taken back, whatever came behind
// one of these with its key: the first of a key is the one in use. Gives the last refusal.
Result<std::string> ScratchNamespace::make_some(std::vector<Request>& pending) {
  const auto failures = send_requests(requests_, pending);
  if (!failures) return fail(failures.error());
  std::string last;
  std::set<std::size_t> failed, held;  // held: the same route is there already
  for (const routes::BatchFailure& failure : *failures) {
    (failure.answer.error_number == EEXIST ? held : failed).insert(failure.index);
    if (failure.answer.error_number != EEXIST) last = text_of(failure.answer);
  }
  std::vector<Request> left, overtaken;
  std::set<Body> keys;
  for (std::size_t i = 0; i < pending.size(); ++i) {
    const bool is_route = pending[i].header().nlmsg_type == RTM_NEWROUTE;
    if (is_route && failed.contains(i)) keys.insert(key_of(pending[i]));
    const bool is_overtaken = is_route && !failed.contains(i) && !held.contains(i) && keys.contains(key_of(pending[i]));
    if (is_overtaken) overtaken.push_back(pending[i]);
    if (is_overtaken || failed.contains(i)) left.push_back(std::move(pending[i]));
  }
  pending = std::move(left);
  ONDOL_TRY(send_all(requests_, as_removals(std::move(overtaken), RTM_DELROUTE), "cannot take back a route"));
  return last;
}

Result<std::vector<std::string>> ScratchNamespace::make_routes(const Question& question) {
  std::vector<Request> pending =
      in_order(replay_all(question.nexthops, replay_nexthop), replay_all(question.routes, replay_route));
  std::string last;
  for (int round = 0; round < kMaxRounds && !pending.empty(); ++round) {
    const std::size_t before = pending.size();
    auto refused = make_some(pending);
    if (!refused) return fail(refused.error());
    last = std::move(*refused);
    if (pending.size() == before) break;
  }
  std::vector<std::string> notes;
  if (!pending.empty()) {
    notes.push_back(fmt::format("routes of this host that could not be re-created: {} ({})", pending.size(), last));
  }
  return notes;
}

// True when there was nothing to remove.
Result<bool> ScratchNamespace::remove_extra(const Contents& found) {
  std::vector<Request> requests;
  const auto remove = [&requests](const std::vector<Request>& now, const std::vector<Request>& before, std::uint16_t type) {
    std::ranges::move(as_removals(minus(now, before), type), std::back_inserter(requests));
  };
  remove(found.routes, pristine_.routes, RTM_DELROUTE);
  std::ranges::move(as_removals_of_nexthops(minus(found.nexthops, pristine_.nexthops)), std::back_inserter(requests));
  remove(found.addresses, pristine_.addresses, RTM_DELADDR);
  remove(found.rules, pristine_.rules, RTM_DELRULE);
  std::ranges::move(minus(pristine_.rules, found.rules), std::back_inserter(requests));
  std::ranges::move(minus(pristine_.addresses, found.addresses), std::back_inserter(requests));
  std::ranges::move(minus(pristine_.routes, found.routes), std::back_inserter(requests));
  if (requests.empty()) return true;
  const auto failures = send_requests(requests_, requests);  // what matters is what is left
  if (!failures) return fail(failures.error());
  return false;
}

Result<void> ScratchNamespace::empty() {
  constexpr int kMaxPasses = 4;
  ONDOL_TRY(check());
  const auto removed = send_requests(requests_, std::vector<Request>{encode_removal()});
  if (!removed) return fail(removed.error());
  made_.clear();
  ONDOL_TRY(check());
  for (int pass = 0; pass < kMaxPasses; ++pass) {
    const auto found = read_contents();
    if (!found) return fail(found.error());
    const auto is_empty = remove_extra(*found);
    if (!is_empty) return fail(is_empty.error());
    if (*is_empty) return {};
  }
  return fail(Errc::kIo, "the scratch namespace does not become empty again");
}

}  // namespace ondol::preflight
