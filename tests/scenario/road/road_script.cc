#include "tests/scenario/road/road_script.h"

#include <fmt/format.h>

#include <sstream>
#include <stdexcept>

#include "common/wire/routes_wire.h"
#include "tests/fakes/agent_script.h"
#include "tests/fakes/collector_words.h"

namespace ondol::scenario {
namespace {

using collector::CollectorStage;

constexpr std::size_t kShownOfARun = 3;  // lines of one kind in a row

std::vector<std::string> split(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

// What a host's own log shows better on the other side of the road.
bool is_told_elsewhere(const std::string& line) { return line.starts_with("event ") || line.starts_with("("); }

// "web-01: apply replace", "collector: drift missing": what a run of like lines has in common.
std::string kind_of(const std::string& line) {
  std::string kind;
  int words = 0;
  for (const std::string& word : split(line)) {
    if (word.find_first_of("0123456789") != std::string::npos && words > 0) continue;
    if (++words > 3) break;
    kind += word + " ";
  }
  return kind;
}

std::vector<std::string> split_lines(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::string shortened(const std::vector<std::string>& lines) {
  std::string out;
  for (std::size_t i = 0; i < lines.size();) {
    std::size_t end = i;
    while (end < lines.size() && kind_of(lines[end]) == kind_of(lines[i])) ++end;
    const std::size_t shown = end - i > 2 * kShownOfARun ? kShownOfARun : end - i;
    for (std::size_t j = i; j < i + shown; ++j) out += lines[j] + "\n";
    if (shown < end - i) out += fmt::format("  ... and {} more like it\n", end - i - shown);
    i = end;
  }
  return out;
}

}  // namespace

RoadScript::RoadScript() {
  road_.after_each = [this] { listen(); };
  road_.hears_collector = [this](const RoadHost& to, const session::ToAgent* message, const std::string& end) {
    say("collector", fmt::format("to {}: {}", to.name, message != nullptr ? collector::render_message(*message) : "end of stream: " + end));
  };
  commands_ = {
      {"host", [this](const Words& w, const auto& lines) { start_host(w, lines); }},
      {"clone", [this](const Words& w, const auto&) { road_.add(w.at(1), w.at(3)); }},
      {"intent", [this](const Words& w, const auto& lines) { write_intent(w, lines); }},
      {"cut", [this](const Words& w, const auto&) {
         w.size() > 2 ? road_.host(w.at(1)).lose_stream("the connection was reset") : road_.cut(w.at(1));
       }},
      {"collector", [this](const Words& w, const auto&) { tell_collector(w); }},
      {"revoke", [this](const Words& w, const auto&) { road_.collector.revoke(w.at(1)); }},
      {"pass", [this](const Words& w, const auto&) { road_.pass(parse_time(w.at(1))); }},
  };
}

std::string RoadScript::play(const std::vector<std::string>& lines) {
  const Words words = split(lines.at(0));
  if (words.at(0) == "show") return show(words);
  const auto command = commands_.find(words[0]);
  if (command != commands_.end()) {
    command->second(words, lines);
  } else if (road_.has(words[0])) {
    tell_host(words, lines);
  } else {
    throw std::invalid_argument("unknown command: " + lines[0]);
  }
  road_.settle();
  return shortened(std::exchange(said_, {}));
}

void RoadScript::start_host(const Words& words, const std::vector<std::string>& lines) {
  RoadHost& host = road_.add(words.at(1), words.at(1));
  for (std::size_t i = 1; i < lines.size(); ++i) {
    for (const routes::Route& route : parse_routes(lines[i])) {
      host.world.kernel.edit(session::ChangeKind::kAdded, false, route, routes::kProtocolStatic);
    }
  }
}

void RoadScript::write_intent(const Words& words, const std::vector<std::string>& lines) {
  std::vector<std::string> offer = lines;
  offer[0] = lines[0].substr(lines[0].find(words[1]));  // "H N options" is read as "offer N options" is
  road_.collector.commit_desired(words.at(1), parse_desired(offer));
}

void RoadScript::tell_host(const Words& words, const std::vector<std::string>& lines) {
  RoadHost& host = road_.host(words[0]);
  std::vector<std::string> rest = lines;
  rest[0] = lines[0].substr(words[0].size() + 1);
  const std::string& verb = words.at(1);
  if (verb == "restart") return host.begin([&] { host.world.boot(); });
  if (verb == "reboot") return host.begin([&] { host.world.reboot(); });
  listen();
  for (const std::string& line : split_lines(scenario::play(host.world, rest))) {
    if (!is_told_elsewhere(line)) say(host.name, line);
  }
}

void RoadScript::tell_collector(const Words& words) {
  const std::string& what = words.at(1);
  if (what == "away" || what == "back") return road_.set_reachable(what == "back");
  if (what == "restarts") return road_.restart_collector();
  if (what != "disk") throw std::invalid_argument("the collector does not " + what);
  const std::string& how = words.at(2);
  road_.collector.disk(how == "works"  ? CollectorStage::Disk::kWorks
                       : how == "held" ? CollectorStage::Disk::kHeld
                                       : CollectorStage::Disk::kFails);
}

std::string RoadScript::show(const Words& words) {
  const std::string& what = words.at(1);
  if (what == "drift") return collector::render_drift(road_.collector);
  if (what == "hosts") return collector::render_hosts(road_.collector);
  if (what == "history") return show_history(words.at(2));
  if (what == "both") return show_both(words.at(2));
  throw std::invalid_argument("there is no " + what + " to show");
}

std::string RoadScript::show_history(const std::string& host) {
  std::vector<std::string> lines;
  for (const auto& event : road_.collector.events_[HostId{host}]) {
    lines.push_back(fmt::format("{}: {}", event.sequence.value, session::render(event)));
  }
  return lines.empty() ? "no history\n" : shortened(lines);
}

// Whether the two sides agree about everything that matters.
std::string RoadScript::show_both(const std::string& name) {
  const fakes::AgentWorld& world = road_.host(name).world;
  const auto& stored = road_.collector.events_[HostId{name}];
  const bool same_events = stored == world.events;
  const auto value = road_.collector.values_.find(HostId{name});
  const bool same_value = value != road_.collector.values_.end() && world.report &&
                          value->second.payload == wire::encode(*world.report);
  return fmt::format("{} events on both sides: {}\nroutes as last seen on both sides: {}\n", world.events.size(),
                     same_events ? "the same" : fmt::format("NOT the same, {} stored", stored.size()),
                     same_value ? "the same" : "NOT the same");
}

void RoadScript::say(const std::string& who, const std::string& text) { said_.push_back(who + ": " + text); }

void RoadScript::listen() {
  for (const auto& [name, host] : road_.hosts()) {
    for (const std::string& line : split_lines(host->world.take_transcript())) {
      if (!is_told_elsewhere(line)) say(name, line);
    }
  }
  listen_to_collector();
}

void RoadScript::listen_to_collector() {
  CollectorStage& stage = road_.collector;
  for (; published_heard_ < stage.published_.size(); ++published_heard_) {
    const auto& drift = stage.published_[published_heard_];
    say("collector", fmt::format("drift {} {} {}: {}", drift.id.value, drift.host.value, to_string(drift.kind), render(drift)));
  }
  for (; audits_heard_ < stage.audits_.size(); ++audits_heard_) {
    say("collector", "audit " + stage.audits_[audits_heard_].action + " " + stage.audits_[audits_heard_].subject);
  }
  for (; told_heard_ < stage.told_.size(); ++told_heard_) {
    const auto& told = stage.told_[told_heard_];
    say("collector", fmt::format("journal {}{}{}: {}", word_of(told.notice), told.host.empty() ? "" : " ", told.host, told.text));
  }
}

}  // namespace ondol::scenario
