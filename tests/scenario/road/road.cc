#include "tests/scenario/road/road.h"

#include <fmt/format.h>

#include "common/wire/routes_wire.h"

namespace ondol::scenario {
namespace {

constexpr Milliseconds kStep{100};          // the collector's own timer
constexpr Seconds kRenewAfter{20 * 60};     // of a certificate's hour

}  // namespace

RoadHost::RoadHost(Road& road, std::string host_name, HostId host_identity)
    : name(std::move(host_name)), identity(std::move(host_identity)), road_(road) {
  world.line = this;
  world.kernel.set_link("eth0", true, {{parse_address("10.0.0.5").value(), 24}});
}

void RoadHost::begin(const std::function<void()>& boot) {
  if (link_ != 0) {
    Road::Link& link = road_.links_.at(std::exchange(link_, 0));
    link.ended_at_agent = true;
    road_.end_at_collector(link, "the connection was reset");
  }
  road_.end_contacts(*this);
  world.options.session.instance_id = fmt::format("{}/{}", name, ++processes_);
  boot();
}

void RoadHost::open() {
  if (!road_.reachable_) return world.happen(agent::SessionClosed{"connection refused", false});
  link_ = ++road_.last_link_;
  Road::Link& link = road_.links_[link_];
  link.id = link_;
  link.host = this;
  road_.road_.push_back({Road::Travelling::What::kOpen, true, link_, ""});
}

void RoadHost::close() {
  if (link_ == 0) return;
  road_.links_.at(link_).ended_at_agent = true;
  road_.road_.push_back({Road::Travelling::What::kEnd, true, std::exchange(link_, 0), "the agent closed its stream"});
}

void RoadHost::send(const session::ToCollector& message) {
  if (link_ == 0) return;
  if (const auto* batch = std::get_if<session::EventBatch>(&message)) road_.events_sent_ += batch->events.size();
  road_.values_sent_ += std::holds_alternative<session::ValueReport>(message);
  for (wire::Frames frames{message}; !frames.done();) {
    road_.road_.push_back({Road::Travelling::What::kFrame, true, link_, frames.next()});
  }
}

void RoadHost::make_contact(const agent::MakeContact& effect) {
  if (!road_.reachable_) return world.happen(agent::ContactMade{effect.attempt, fail(Errc::kUnavailable, "connection refused")});
  Road::Link& link = road_.links_[++road_.last_link_];
  link.id = road_.last_link_;
  link.host = this;
  link.contact = effect;
  road_.road_.push_back({Road::Travelling::What::kOpen, true, link.id, ""});
  for (wire::Frames frames{session::ToCollector{effect.contact}}; !frames.done();) {
    road_.road_.push_back({Road::Travelling::What::kFrame, true, link.id, frames.next()});
  }
}

std::string RoadHost::encode(const session::RoutesReport& report) { return wire::encode(report); }

void RoadHost::lose_stream(const std::string& reason) {
  if (link_ == 0) return;
  road_.links_.at(std::exchange(link_, 0)).ended_at_agent = true;
  if (!world.was_killed) world.happen(agent::SessionClosed{reason, false});
}

Road::Road() {
  collector.read_payload_ = [](const std::string& payload) {
    auto report = wire::decode_routes_report(payload);
    return report ? std::make_shared<const session::RoutesReport>(*std::move(report)) : nullptr;
  };
}

RoadHost& Road::add(const std::string& name, const std::string& identity) {
  auto& added = hosts_[name] = std::make_unique<RoadHost>(*this, name, HostId{identity});
  added->world.now = collector.now();
  for (const auto& [other, twin] : hosts_) {  // a cloned disk carries the same certificate
    if (twin.get() == added.get() || twin->identity.value != identity) continue;
    added->serial_ = twin->serial_;
    added->issued_ = twin->issued_;
  }
  if (!collector.records_.contains(HostId{identity})) collector.add_record(identity);
  added->begin([&] { added->world.boot(); });
  settle();
  return *added;
}

void Road::settle() {
  carry_answers();
  happened();
  while (!road_.empty()) {
    Travelling one = std::move(road_.front());
    road_.pop_front();
    arrive(one);
    carry_answers();
    happened();
  }
  for (auto& [name, host] : hosts_) {
    if (host->world.was_killed && host->link_ != 0) cut(name);
  }
}

void Road::arrive(Travelling& one) {
  Link& link = links_.at(one.link);
  switch (one.what) {
    case Travelling::What::kOpen: return arrive_open(link);
    case Travelling::What::kEnd: return one.up ? end_at_collector(link, one.bytes) : end_at_agent(link, one.bytes);
    case Travelling::What::kFrame: return arrive_frame(one, link);
  }
}

void Road::arrive_open(Link& link) {
  if (link.ended_at_agent) return;
  if (!reachable_) return end_at_agent(link, "the connection was reset");
  renew(*link.host);
  // Every connection has a port of its own.
  link.stream = collector.open(link.host->identity.value, link.host->serial_, fmt::format("192.0.2.7:{}", 40'000 + link.id % 20'000));
  if (!link.contact) link.host->world.happen(agent::SessionOpened{link.host->identity});
}

// A certificate lives for an hour and is renewed after twenty minutes, on the enrolment door and on proof of its key.
void Road::renew(RoadHost& host) {
  const auto& state = collector.core().find_host(host.identity);
  if (state != nullptr && state->revoked) return;
  if (host.issued_ && collector.now().boot - *host.issued_ < kRenewAfter) return;
  host.issued_ = collector.now().boot;
  host.serial_ = fmt::format("{}-{}", host.identity.value, collector.certificates_.size() + 1);
  collector.issue(host.identity.value, host.serial_);
}

void Road::arrive_frame(const Travelling& one, Link& link) {
  if (!one.up && link.ended_at_agent) return;
  if (one.up && link.ended_at_collector) return end_at_agent(link, "the connection was reset");  // as TCP does
  const auto take = [&] { one.up ? take_up(one.bytes, link) : take_down(one.bytes, link); };
  switch (fate ? fate(frames_++) : (++frames_, Fate::kArrives)) {
    case Fate::kArrives: return take();
    case Fate::kIsLost: return;
    case Fate::kArrivesTwice:
      take();
      return take();
    case Fate::kBreaksTheStream:
      end_at_collector(link, "the connection was reset");
      return end_at_agent(link, "the connection was reset");
    case Fate::kBreaksItForTheAgent: return end_at_agent(link, "the connection was reset");
    case Fate::kBreaksItForTheCollector: return end_at_collector(link, "the connection was reset");
  }
}

void Road::take_up(const std::string& frame, Link& link) {
  if (link.ended_at_collector || !link.stream) return;
  auto message = link.at_collector.take(frame);
  if (!message) {
    end_at_collector(link, render(message.error()));
    road_.push_back({Travelling::What::kEnd, false, link.id, render(message.error())});
    return;
  }
  if (*message) collector.say(*link.stream, **std::move(message));
}

void Road::take_down(const std::string& frame, Link& link) {
  if (link.ended_at_agent) return;
  auto message = link.at_agent.take(frame);
  if (link.contact && message && *message) {
    auto* reply = std::get_if<session::ContactReply>(&**message);
    if (reply != nullptr) link.host->world.happen(agent::ContactMade{link.contact->attempt, std::move(*reply)});
    return;
  }
  if (message && *message) return link.host->world.happen(agent::SessionReceived{**std::move(message)});
  if (message) return;
  end_at_agent(link, "the collector sent " + render(message.error()));
  end_at_collector(link, "the agent closed its stream");
}

void Road::end_at_collector(Link& link, const std::string& reason) {
  if (std::exchange(link.ended_at_collector, true) || !link.stream) return;
  collector.hang_up(*link.stream, reason);
}

void Road::end_at_agent(Link& link, const std::string& reason) {
  if (link.contact && !std::exchange(link.ended_at_agent, true) && !link.host->world.was_killed) {
    link.host->world.happen(agent::ContactMade{link.contact->attempt, fail(Errc::kUnavailable, reason)});
  }
  if (link.ended_at_agent || link.host->link_ == 0) return;
  if (&links_.at(link.host->link_) == &link) link.host->lose_stream(reason);
}

void Road::carry_answers() {
  while (!collector.spoken_.empty()) {
    const auto spoken = std::move(collector.spoken_.front());
    collector.spoken_.pop_front();
    const auto found = std::ranges::find_if(links_, [&](const auto& l) { return l.second.stream == spoken.to; });
    if (found == links_.end() || found->second.ended_at_agent) continue;
    if (hears_collector) hears_collector(*found->second.host, spoken.message ? &*spoken.message : nullptr, spoken.end);
    if (!spoken.message) {
      found->second.ended_at_collector = true;
      road_.push_back({Travelling::What::kEnd, false, found->first, spoken.end});
      continue;
    }
    for (wire::Frames frames{*spoken.message}; !frames.done();) {
      road_.push_back({Travelling::What::kFrame, false, found->first, frames.next()});
    }
  }
}

void Road::pass(Nanoseconds time) {
  for (const BootTime until = collector.now().boot + time; collector.now().boot < until;) {
    const auto step = std::min<Nanoseconds>(kStep, until - collector.now().boot);
    for (auto& [name, host] : hosts_) host->world.pass(step);
    settle();
    collector.advance(step);
    settle();
  }
}

void Road::end_contacts(const RoadHost& host) {
  for (auto& [id, link] : links_) {
    if (!link.contact || link.host != &host) continue;
    link.ended_at_agent = true;
    end_at_collector(link, "the connection was reset");
  }
}

void Road::cut(const std::string& name) {
  end_contacts(host(name));
  RoadHost& cut = host(name);
  if (cut.link_ == 0) return;
  Link& link = links_.at(cut.link_);
  cut.lose_stream("the connection was reset");
  end_at_collector(link, "the connection was reset");
}

void Road::set_reachable(bool reachable) {
  reachable_ = reachable;
  if (reachable) return;
  for (const auto& [name, host] : hosts_) cut(name);
  settle();
}

void Road::restart_collector() {
  collector.restart();
  for (auto& [id, link] : links_) {
    link.ended_at_collector = true;
    end_at_agent(link, "the connection was reset");
  }
  settle();
}

}  // namespace ondol::scenario
