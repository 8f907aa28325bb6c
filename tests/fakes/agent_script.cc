#include "tests/fakes/agent_script.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <sstream>
#include <stdexcept>

namespace ondol::scenario {
namespace {

using fakes::AgentWorld;
using session::ChangeKind;
using Words = std::vector<std::string>;

Words split(const std::string& line) {
  std::istringstream in(line);
  Words words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

routes::Route parse_route(const Words& words, std::size_t from) {
  routes::Route route;
  route.key.destination = parse_prefix(words.at(from)).value();
  routes::Nexthop hop;
  for (std::size_t i = from + 1; i < words.size(); ++i) {
    if (words[i] == "blackhole") route.value.type = routes::RouteType::kBlackhole;
    if (words[i] == "via") hop.gateway = parse_address(words.at(++i)).value();
    else if (words[i] == "dev") hop.interface = *routes::InterfaceName::make(words.at(++i));
    else if (words[i] == "metric") route.key.metric = static_cast<std::uint32_t>(std::stoul(words.at(++i)));
    else if (words[i] == "as" || words[i] == "proto") break;
  }
  if (route.value.type == routes::RouteType::kUnicast) route.value.nexthops.push_back(hop);
  routes::normalise(route);
  return route;
}

void play_link(AgentWorld& world, const Words& words) {
  std::vector<IpPrefix> addresses;
  for (std::size_t i = 3; i < words.size(); ++i) {
    const auto slash = words[i].find('/');
    addresses.push_back({parse_address(words[i].substr(0, slash)).value(), static_cast<std::uint8_t>(std::stoi(words[i].substr(slash + 1)))});
  }
  words[0] == "unlink" ? world.kernel.remove_link(words.at(1)) : world.kernel.set_link(words.at(1), words.at(2) == "up", addresses);
}

void play_hand(AgentWorld& world, const Words& words) {
  const routes::Route route = parse_route(words, 2);
  std::string who;
  std::uint8_t protocol = routes::kProtocolBoot;
  for (std::size_t i = 3; i < words.size(); ++i) {
    if (words[i] == "proto") protocol = static_cast<std::uint8_t>(std::stoi(words.at(i + 1)));
    if (words[i] != "as") continue;
    for (++i; i < words.size(); ++i) who += (who.empty() ? "" : " ") + words[i];
  }
  const std::string& verb = words.at(1);
  if (verb == "lose") return world.kernel.lose(route.key);
  const ChangeKind kind = verb == "del" ? ChangeKind::kRemoved : verb == "replace" ? ChangeKind::kReplaced : ChangeKind::kAdded;
  world.edit(kind, route, who, protocol, verb == "append");
}

void play_guard(AgentWorld& world, const Words& words) {
  agent::GuardRules rules;
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::string key = words[i].substr(0, words[i].find('='));
    const std::string value = words[i].substr(words[i].find('=') + 1);
    if (key == "hold") rules.hold = value == "yes";
    if (key == "apply") rules.apply_routes = value == "yes";
    if (key == "prefix") rules.protected_prefixes.push_back(parse_prefix(value).value());
    if (key == "interface") rules.protected_interfaces.push_back(value);
    if (key == "changes") rules.max_changes_per_apply = std::stoul(value);
    if (key == "percent") rules.max_deletion_percent = std::stoi(value);
  }
  world.happen(agent::GuardLoaded{rules});
}
void play_local(AgentWorld& world, const std::string& verb) {
  using Verb = agent::LocalRequest::Verb;
  static const std::map<std::string, Verb> kVerbs{
      {"hold", Verb::kHold}, {"release", Verb::kRelease}, {"withdraw", Verb::kWithdraw}, {"rollback", Verb::kRollback}};
  const Verb asked = kVerbs.at(verb);
  world.happen(agent::LocalRequest{asked, 1, "uid 0"});
}

std::string rest_of(const Words& words, std::size_t from) {
  std::string text;
  for (std::size_t i = from; i < words.size(); ++i) text += (text.empty() ? "" : " ") + words[i];
  return text;
}

void play_probe(AgentWorld& world, const Words& words) {
  using agent::ProbePhase;
  const ProbePhase phase = words.at(1) == "before" ? ProbePhase::kBefore
                           : words[1] == "after"   ? ProbePhase::kAfter
                                                   : ProbePhase::kAfterUndo;
  const std::pair key{phase, words.at(2)};
  words.at(3) == "green" ? void(world.trial.red.erase(key)) : void(world.trial.red[key] = rest_of(words, 4));
}

void play_contact(AgentWorld& world, const Words& words) {
  const auto phase = words.at(1) == "before" ? session::ContactPhase::kBefore : session::ContactPhase::kAfter;
  world.trial.dead.erase(phase);
  world.trial.denied.erase(phase);
  world.trial.confirms = words.at(2) != "undecided";
  if (words[2] == "dead") world.trial.dead[phase] = rest_of(words, 3);
  if (words[2] == "denies") world.trial.denied[phase] = rest_of(words, 3);
}

void play_preflight(AgentWorld& world, const Words& words) {
  world.trial.preflight_error.clear();
  world.trial.unreachable.clear();
  world.trial.notes.clear();
  if (words.at(1) == "missing") world.trial.preflight_error = "missing";
  if (words[1] == "breaks") world.trial.preflight_error = "the scratch namespace broke";
  if (words[1] == "refuses") world.trial.unreachable[words.at(2)] = rest_of(words, 3);
  if (words[1] == "notes") world.trial.notes.push_back(rest_of(words, 2));
}

void play_keeper(AgentWorld& world, const Words& words) {
  world.trial.keeper_refuses = words.at(1) == "refuses" ? rest_of(words, 2) : "";
  if (words[1] == "lost") world.happen(agent::UndoArmed{*world.trial.armed, fail(Errc::kUnavailable, rest_of(words, 2))});
}

trial::ProbeTarget parse_probe(const Words& words) {
  trial::ProbeTarget target;
  const std::string& where = words.at(2);
  if (words.at(1) == "inbound") {
    target.kind = trial::ProbeKind::kInbound;
    target.port = static_cast<std::uint16_t>(std::stoi(where));
  } else {
    target.kind = words[1] == "dns" ? trial::ProbeKind::kDns : trial::ProbeKind::kTcp;
    target.address = parse_address(where.substr(0, where.find(':'))).value();
    if (words[1] == "tcp") target.port = static_cast<std::uint16_t>(std::stoi(where.substr(where.find(':') + 1)));
  }
  if (words.size() > 3) target.name = words[3];
  return target;
}

void play_disk(AgentWorld& world, const Words& words) {
  if (words.at(1) == "wiped") world.disk = {};
  world.disk.is_full = words[1] == "full";
  if (words[1] == "unreadable") world.disk.unreadable = words.at(2);
}

std::string show(AgentWorld& world, const std::string& what) {
  std::string text;
  if (what == "kernel") {
    for (const auto& route : world.kernel.snapshot().routes) {
      text += fmt::format("{} proto {}\n", routes::render(route.route), routes::protocol_name(route.protocol));
    }
    return text.empty() ? "no routes\n" : text;
  }
  const agent::CoreStatus status = world.core().status();
  if (what == "states") {
    for (const auto& object : status.not_in_sync) {
      text += fmt::format("{} {}{}{}{}\n", routes::render(object.key), to_string(object.state),
                          object.reason.empty() ? "" : ": ", object.reason,
                          object.contender ? " [" + ondol::render(*object.contender) + "]" : "");
    }
    return text.empty() ? "all in sync\n" : text;
  }
  std::string trial;
  if (status.trial_deadline) {
    trial = fmt::format("trial {} for {} ms\n", status.generations.trial.value,
                        std::chrono::ceil<Milliseconds>(*status.trial_deadline - world.now.boot).count());
  }
  for (const auto& probe : status.probes) {
    trial += fmt::format("{} {}: {}\n", trial::render(probe.target), probe.green ? "green" : "red", probe.text);
  }
  return trial + fmt::format("received {} applied {} running {} blocked '{}' session {} held {} writes {}\n",
                     status.generations.received.value, status.generations.applied.value, status.generations.running.value,
                     status.generations.blocked, agent::to_string(status.session), status.held_here || status.held_by_guard,
                     world.kernel.writes());
}

void play_kernel(AgentWorld& world, const Words& words) {
  world.kernel.refuse_destination = words.at(1) == "refuses" ? words.at(2) : "";
  world.kernel.dies_after = words[1] == "dies" ? std::stoul(words.at(2)) : 0;
}

}  // namespace

Nanoseconds parse_time(const std::string& text) {
  const auto number = std::stoll(text);
  if (text.ends_with("ms")) return Milliseconds{number};
  return Seconds{number * (text.ends_with("h") ? 3600 : text.ends_with("m") ? 60 : 1)};
}

std::vector<routes::Route> parse_routes(const std::string& line) {
  const Words words = split(line);
  if (words.at(0) != "range") return {parse_route(words, 0)};
  std::vector<routes::Route> all;
  for (int i = 0; i < std::stoi(words.at(1)); ++i) {
    Words one{fmt::format("10.{}.{}.0/24", 100 + i / 250, i % 250)};
    one.insert(one.end(), words.begin() + 2, words.end());
    all.push_back(parse_route(one, 0));
  }
  return all;
}

DesiredState parse_desired(const std::vector<std::string>& lines) {
  const Words words = split(lines.at(0));
  DesiredState state;
  state.generation = Generation{std::stoull(words.at(1))};
  state.revision = Revision{fmt::format("r{}", words[1])};
  routes::RoutesIntent intent;
  intent.mode = Mode::kEnforce;
  const auto has = [&](const char* option) { return std::ranges::find(words, option) != words.end(); };
  if (has("report")) intent.mode = Mode::kReport;
  if (has("take_over")) intent.on_conflict = routes::OnConflict::kTakeOver;
  if (has("remove")) intent.unlisted = routes::Unlisted::kRemove;
  if (has("ignore")) intent.unlisted = routes::Unlisted::kIgnore;
  state.allow_mass_delete = has("mass_delete");
  state.trial.enabled = has("trial");
  for (const std::string& word : words) {
    if (word.starts_with("deadline=")) state.trial.deadline = std::chrono::duration_cast<Milliseconds>(parse_time(word.substr(9)));
  }
  for (std::size_t i = 1; i < lines.size(); ++i) {
    if (lines[i].starts_with("probe ")) {
      state.trial.probes.push_back(parse_probe(split(lines[i])));
      continue;
    }
    for (routes::Route& route : parse_routes(lines[i])) intent.routes.push_back(std::move(route));
  }
  std::ranges::sort(state.trial.probes);
  std::ranges::sort(intent.routes, {}, &routes::Route::key);
  if (!has("unmanaged")) state.routes = std::move(intent);
  return state;
}

std::string play(AgentWorld& world, const std::vector<std::string>& lines) {
  const Words words = split(lines.at(0));
  const std::map<std::string, std::function<void()>> commands{
      {"link", [&] { play_link(world, words); }},
      {"unlink", [&] { play_link(world, words); }},
      {"notice", [&] { words.at(1) == "overrun" ? world.happen(agent::KernelNotice{true, false, {}}) : world.links_changed(); }},
      {"hand", [&] { play_hand(world, words); }},
      {"offer", [&] { world.offer(parse_desired(lines)); }},
      {"boot", [&] { world.boot(); }},
      {"restart", [&] { world.boot(); }},
      {"reboot", [&] { world.reboot(); }},
      {"kill", [&] { world.kill_at = words.at(1); }},
      {"collector", [&] { world.set_collector(words.at(1) == "up"); }},
      {"pass", [&] { world.pass(parse_time(words.at(1))); }},
      {"hold", [&] { play_local(world, words[0]); }},
      {"release", [&] { play_local(world, words[0]); }},
      {"withdraw", [&] { play_local(world, words[0]); }},
      {"rollback", [&] { play_local(world, words[0]); }},
      {"guard", [&] { play_guard(world, words); }},
      {"safe_mode", [&] { world.happen(agent::SafeModeSet{words.at(1) == "ends" ? "" : "safe_mode: " + rest_of(words, 1)}); }},
      {"probe", [&] { play_probe(world, words); }},
      {"contact", [&] { play_contact(world, words); }},
      {"preflight", [&] { play_preflight(world, words); }},
      {"keeper", [&] { play_keeper(world, words); }},
      {"world", [&] { world.trial.is_silent = words.at(1) == "silent"; }},
      {"clock", [&] { world.now.wall += parse_time(words.at(1)); }},
      {"disk", [&] { play_disk(world, words); }},
      {"reads", [&] { world.reads_fail = words.at(1) == "fail"; }},
      {"kernel", [&] { play_kernel(world, words); }},
  };
  if (words[0] == "show") return show(world, words.at(1));
  const auto command = commands.find(words[0]);
  if (command == commands.end()) throw std::invalid_argument("unknown command: " + lines[0]);
  command->second();
  return world.take_transcript();
}

}  // namespace ondol::scenario
