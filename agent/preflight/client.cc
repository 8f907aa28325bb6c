#include "agent/preflight/client.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "agent/host/probes/kernel_query.h"
#include "agent/preflight/frame.h"
#include "agent/preflight/local_stream.h"
#include "agent/preflight/read_host.h"

namespace ondol::preflight {
namespace {

Error no_answer(const Error& why, const std::string& socket) {
  return {Errc::kUnavailable, "the preflight program at " + socket + " gave no answer: " + why.message, "",
          "systemctl status ondol-preflight.socket ondol-preflight.service"};
}

// What the copy has to say of a target if it is like this host.
struct WayOut {
  routes::InterfaceName interface;
  std::optional<IpAddress> gateway, source;
  bool operator==(const WayOut&) const = default;
};

routes::InterfaceName name_of(const Question& question, int index) {
  const auto found = std::ranges::find(question.links, index, &HostLink::index);
  return found == question.links.end() ? routes::InterfaceName{} : found->name;
}

std::optional<IpAddress> unless_unspecified(const IpAddress& address) {
  return address.is_unspecified() ? std::nullopt : std::optional(address);
}

void take_hop(const Question& question, const probes::RouteHops& route, WayOut& way) {
  way.interface = route.hops.empty() ? routes::InterfaceName{} : name_of(question, route.hops.front().link);
  way.gateway = route.hops.empty() ? std::nullopt : unless_unspecified(route.hops.front().gateway);
}

// As a connection asks: first for its source, then for the way from there.
Result<WayOut> read_way_out(const Question& question, const IpAddress& address) {
  WayOut way;
  const auto plain = probes::read_route_to(address);
  if (!plain && plain.error().code != Errc::kNotFound) return fail(plain.error());
  if (!plain) return way;
  take_hop(question, *plain, way);
  way.source = unless_unspecified(plain->source);
  if (plain->is_local || !way.source) return way;
  const auto from_source = probes::read_route_to(address, way.source);
  if (!from_source && from_source.error().code != Errc::kNotFound) return fail(from_source.error());
  take_hop(question, from_source ? *from_source : probes::RouteHops{}, way);
  return way;
}

bool is_link_local(const IpAddress& address) {
  return address.family == Family::kIpv6 && address.bytes[0] == 0xfe && (address.bytes[1] & 0xc0) == 0x80;
}

// A link-local address alone does not say which link it is on: all that is asked of the copy is that it has one too.
bool is_alike(const IpAddress& target, const WayOut& copied, const WayOut& live) {
  return is_link_local(target) ? copied.interface.empty() == live.interface.empty() : copied == live;
}

std::string describe(const WayOut& way) {
  if (way.interface.empty()) return "not at all";
  std::string text = "by " + std::string(way.interface.view());
  if (way.gateway) text += " via " + render(*way.gateway);
  if (way.source) text += " from " + render(*way.source);
  return text;
}

// A target that this host sends to otherwise than its copy: the copy is not good enough to judge by.
Result<void> compare_with_the_host(const Question& question, const Verdict& verdict) {
  if (verdict.targets.size() != question.targets.size()) return fail(Errc::kCorrupt, "the answer is to another question");
  for (std::size_t i = 0; i < verdict.targets.size(); ++i) {
    const trial::ReachTarget& target = question.targets[i];
    const Reach& reach = verdict.targets[i].before;
    const WayOut copied{reach.interface, reach.gateway, reach.source};
    const auto live = read_way_out(question, target.address);
    if (!live) return fail(Errc::kUnavailable, "this host cannot be compared with its copy: " + live.error().message);
    if (is_alike(target.address, copied, *live)) continue;
    return fail(Errc::kUnavailable, "the copy of this host in the scratch namespace reaches " + target.name + " " +
                                        describe(copied) + ", the host " + describe(*live) + ": it cannot judge");
  }
  return {};
}

}  // namespace

Result<Verdict> ask(const std::string& socket, const Question& question) {
  const auto frame = encode_frame(question);
  if (!frame) return fail(frame.error());
  LocalStream stream(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), std::chrono::steady_clock::now() + kAnswerLimit);
  if (stream.fd() < 0) return fail(Errc::kIo, std::string("socket: ") + std::strerror(errno));
  if (const auto connected = stream.connect(socket); !connected) return fail(no_answer(connected.error(), socket));
  if (const auto written = stream.write(*frame); !written) return fail(no_answer(written.error(), socket));
  const auto answer = stream.read_frame(kMaxAnswer);
  if (!answer) return fail(no_answer(answer.error(), socket));
  return decode_answer(*answer);
}

Result<trial::PreflightVerdict> judge_in_scratch(const std::string& socket, std::span<const routes::RouteOp> operations,
                                                 std::span<const trial::ReachTarget> targets) {
  const auto question = read_host(operations, targets);
  if (!question) return fail(question.error());
  auto verdict = ask(socket, *question);
  if (!verdict) return fail(verdict.error());
  ONDOL_TRY(compare_with_the_host(*question, *verdict));
  return std::move(verdict->judgement);
}

}  // namespace ondol::preflight
