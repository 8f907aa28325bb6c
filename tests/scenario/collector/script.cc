#include "tests/scenario/collector/script.h"

#include <fmt/format.h>

#include "tests/fakes/collector_words.h"

namespace ondol::collector {
namespace {

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, ';');) {
    const auto from = part.find_first_not_of(' ');
    if (from != std::string::npos) parts.push_back(part.substr(from, part.find_last_not_of(' ') - from + 1));
  }
  return parts;
}

// "runs=3" among the words that are left.
std::string option(std::istringstream& words, const std::string& name, const std::string& otherwise) {
  std::istringstream copy(words.str());
  for (std::string word; copy >> word;) {
    if (word.rfind(name + "=", 0) == 0) return word.substr(name.size() + 1);
  }
  return otherwise;
}

session::RoutesReport report_of_list(const std::vector<std::string>& written) {
  session::RoutesReport report = report_of({});
  for (const std::string& text : written) report.snapshot.routes.push_back(routes::written_route(text));
  std::sort(report.snapshot.routes.begin(), report.snapshot.routes.end(),
            [](const auto& a, const auto& b) { return a.route.key < b.route.key; });
  report.snapshot.compared = static_cast<std::uint32_t>(report.snapshot.routes.size());
  return report;
}

session::HostEvent result_event(std::uint64_t sequence, const std::string& verb, const std::string& rest) {
  using session::GenerationOutcome;
  session::GenerationResult result;
  result.generation = Generation{std::stoull(rest)};
  result.outcome = verb == "refused"  ? GenerationOutcome::kRefused
                   : verb == "undone" ? GenerationOutcome::kRolledBack
                   : verb == "kept"   ? GenerationOutcome::kConfirmed
                                      : GenerationOutcome::kTrial;
  if (verb == "refused" || verb == "undone") result.reason = rest.substr(rest.find(' ') + 1);
  if (verb == "tried") {
    result.deadline = Milliseconds{60'000};
    result.probes.push_back({{trial::ProbeKind::kCollector, "", {}, 0}, true, "answered", Milliseconds{2}});
    result.probes.push_back({{trial::ProbeKind::kInbound, "ssh", {}, 22}, true, "connected", Milliseconds{2}});
  }
  return {EventSequence{sequence}, {}, result};
}

}  // namespace

Script::Script() {
  commands_["enrol"] = [this](Words& w, const std::string&) { enrol(w); };
  commands_["desired"] = [this](Words& w, const std::string& rest) { desired(w, rest); };
  commands_["connect"] = [this](Words& w, const std::string&) { connect(w); };
  commands_["beat"] = [this](Words& w, const std::string&) { beat(w); };
  commands_["value"] = [this](Words& w, const std::string& rest) { value(w, rest); };
  commands_["events"] = [this](Words& w, const std::string& rest) { events(w, rest); };
  commands_["advance"] = [this](Words& w, const std::string&) { advance(w); };
  commands_["disk"] = [this](Words& w, const std::string&) { disk(w); };
  commands_["hangup"] = [this](Words& w, const std::string&) { stage_.hang_up(stream(w)); };
  commands_["restart"] = [this](Words&, const std::string&) { stage_.restart(); };
  commands_["drift"] = [this](Words&, const std::string&) { shown_ += render_drift(stage_); };
  commands_["hosts"] = [this](Words&, const std::string&) { shown_ += render_hosts(stage_); };
  commands_["tries"] = [this](Words& w, const std::string&) { tries(w); };
  commands_["contact"] = [this](Words& w, const std::string&) { contact(w); };
  commands_["trials"] = [this](Words&, const std::string&) { trials(); };
  commands_["listens"] = [this](Words& w, const std::string&) {
    std::uint16_t port = 0;
    w >> port;
    stage_.listening_.insert(port);
  };
  commands_["revoke"] = [this](Words& w, const std::string&) {
    std::string host;
    w >> host;
    stage_.revoke(host);
  };
  commands_["status"] = [this](Words& w, const std::string&) {
    const StreamId id = stream(w);
    std::uint64_t generation = 0;
    w >> generation;
    stage_.say(id, runs(generation));
  };
}

std::string Script::run(const std::string& line) {
  const auto colon = line.find(" : ");
  Words words(line.substr(0, colon));
  std::string command;
  words >> command;
  const auto found = commands_.find(command);
  if (found == commands_.end()) throw std::invalid_argument("unknown command: " + line);
  found->second(words, colon == std::string::npos ? "" : line.substr(colon + 3));
  return collect();
}

StreamId Script::stream(Words& words) {
  std::string name;
  words >> name;
  if (!streams_.contains(name)) throw std::invalid_argument("unknown stream " + name);
  return streams_[name];
}

void Script::enrol(Words& words) {
  std::string host;
  words >> host;
  stage_.enrol(host);
}

void Script::desired(Words& words, const std::string& rest) {
  std::string host;
  std::uint64_t generation = 0;
  words >> host >> generation;
  DesiredState state = wants(generation, {});
  for (const std::string& text : split(rest)) state.routes->routes.push_back(routes::written_route(text).route);
  std::sort(state.routes->routes.begin(), state.routes->routes.end(),
            [](const auto& a, const auto& b) { return a.key < b.key; });
  if (option(words, "unlisted", "report") == "ignore") state.routes->unlisted = routes::Unlisted::kIgnore;
  stage_.commit_desired(host, std::move(state));
}

void Script::connect(Words& words) {
  std::string host, name;
  words >> host >> name;
  const StreamId id = stage_.open(host);
  streams_[name] = id;
  session::Hello greeting = hello(host, option(words, "instance", "i1"));
  greeting.status = runs(std::stoull(option(words, "runs", "0")));
  greeting.next_event = EventSequence{std::stoull(option(words, "next", "1000000"))};
  stage_.say(id, greeting);
}

void Script::beat(Words& words) {
  const StreamId id = stream(words);
  session::Heartbeat beat;
  beat.sent = stage_.now().wall;
  session::ObserverProgress progress;
  progress.rounds = static_cast<std::uint64_t>(stage_.now().boot.time_since_epoch().count());
  progress.error = option(words, "error", "");
  if (const std::string value = option(words, "digest", ""); !value.empty()) progress.digest = digest_of(value);
  beat.observers.push_back(progress);
  stage_.say(id, beat);
}

void Script::value(Words& words, const std::string& rest) {
  const StreamId id = stream(words);
  std::string payload;
  words >> payload;
  stage_.say(id, stage_.remember(payload, report_of_list(split(rest))));
}

void Script::events(Words& words, const std::string& rest) {
  const StreamId id = stream(words);
  std::uint64_t sequence = 0;
  words >> sequence;
  std::vector<session::HostEvent> list;
  for (const std::string& text : split(rest)) list.push_back(event(sequence + list.size(), text));
  stage_.say(id, batch(std::move(list), std::stoull(option(words, "lost", "0"))));
}

void Script::tries(Words& words) {
  const StreamId id = stream(words);
  std::uint64_t generation = 0;
  int seconds = 0;
  words >> generation >> seconds;
  session::GenerationStatus status = runs(generation);
  status.running = Generation{generation - 1};
  status.trial = Generation{generation};
  status.trial_left = Seconds{seconds};
  stage_.say(id, status);
}

void Script::contact(Words& words) {
  std::string host, name;
  std::uint64_t generation = 0;
  words >> host >> name >> generation;
  const StreamId id = stage_.open(host, "", "192.0.2.7:" + option(words, "from", "41000"));
  streams_[name] = id;
  session::Contact contact{HostId{host}, Generation{generation}, session::ContactPhase::kAfter, option(words, "instance", "i1"), {}};
  if (option(words, "phase", "after") == "before") contact.phase = session::ContactPhase::kBefore;
  const int port = std::stoi(option(words, "port", "0"));
  if (port != 0) contact.inbound_ports.push_back(static_cast<std::uint16_t>(port));
  stage_.say(id, contact);
}

void Script::trials() {
  for (const auto& [host, state] : stage_.core().hosts()) {
    if (!state.trial) continue;
    const auto left = std::chrono::ceil<Seconds>(state.trial->deadline - stage_.now().wall).count();
    shown_ += fmt::format("{} generation {}: {}, {} green before\n", host.value, state.trial->generation.value,
                          state.trial->running ? fmt::format("{} s left", left) : "over", state.trial->before.size());
  }
  for (const auto& [end, count] : stage_.core().counters().trials) shown_ += fmt::format("ended {}: {}\n", end, count);
}

session::HostEvent Script::event(std::uint64_t sequence, const std::string& text) {
  const auto space = text.find(' ');
  const std::string verb = text.substr(0, space);
  std::string rest = text.substr(space + 1);
  if (verb == "removed") return removed(sequence, rest);
  if (verb == "added") return added(sequence, rest);
  if (verb == "replaced") {
    const auto arrow = rest.find(" -> ");
    return replaced(sequence, rest.substr(0, arrow), rest.substr(arrow + 4));
  }
  if (verb == "vanished") {
    session::HostEvent gone = removed(sequence, rest);
    std::get<session::RouteChange>(gone.what).kind = session::ChangeKind::kVanished;
    std::get<session::RouteChange>(gone.what).author.reset();
    return gone;
  }
  if (verb == "refused" || verb == "undone" || verb == "kept" || verb == "tried") return result_event(sequence, verb, rest);
  const auto answers = rest.find(" answers ");
  const auto outcome = verb == "contested" ? session::RepairOutcome::kContested : session::RepairOutcome::kRepaired;
  if (verb != "back" && verb != "contested") throw std::invalid_argument("unknown event: " + text);
  return repair(sequence, rest.substr(0, answers), std::stoull(rest.substr(answers + 9)), outcome);
}

void Script::advance(Words& words) {
  int seconds = 0;
  words >> seconds;
  stage_.advance(Seconds{seconds});
}

void Script::disk(Words& words) {
  std::string how;
  words >> how;
  stage_.disk(how == "works"  ? CollectorStage::Disk::kWorks
              : how == "held" ? CollectorStage::Disk::kHeld
                              : CollectorStage::Disk::kFails);
}

std::string Script::stream_name(StreamId id) const {
  for (const auto& [name, stream] : streams_) {
    if (stream == id) return name;
  }
  return fmt::format("stream {}", id.value);
}

std::string Script::collect() {
  std::string out = std::exchange(shown_, "");
  for (const Send& send : stage_.sends_) out += stream_name(send.to) + " <- " + render_message(send.message) + "\n";
  for (const auto& [id, reply] : stage_.answers_) out += stream_name(id) + " <- " + render_reply(reply) + "\n";
  for (const SendOffer& offer : stage_.offers_) {
    out += fmt::format("{} <- offer {}\n", stream_name(offer.to), offer.generation.value);
  }
  for (const auto& drift : stage_.published_) {
    out += fmt::format("drift {} {} {}: {}\n", drift.id.value, drift.host.value, to_string(drift.kind), render(drift));
  }
  for (const auto& [id, reason] : stage_.close_reasons_) {
    if (closed_seen_.emplace(id, reason).second) out += stream_name(id) + " closed: " + reason + "\n";
  }
  for (; audits_seen_ < stage_.audits_.size(); ++audits_seen_) {
    out += "audit " + stage_.audits_[audits_seen_].action + " " + stage_.audits_[audits_seen_].subject + "\n";
  }
  for (const Tell& told : stage_.told_) {
    out += fmt::format("journal {}{}{}: {}\n", word_of(told.notice), told.host.empty() ? "" : " ", told.host, told.text);
  }
  stage_.forget_sent();
  return out;
}

}  // namespace ondol::collector
