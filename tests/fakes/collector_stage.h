// A collector core with a manual clock, a store of plain maps and streams that only remember what was said to them.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "collector/core/collector_core.h"
#include "common/base/overload.h"
#include "tests/fakes/plain_store.h"

namespace ondol::collector {

// Thread: one. Writes commit at once unless the disk is held or failing.
class CollectorStage : public PlainStore {
 public:
  enum class Disk { kWorks, kHeld, kFails };

  CollectorStage() : CollectorStage(CoreOptions{Milliseconds{30'000}, "test"}) {}
  explicit CollectorStage(const CoreOptions& options) : options_(options), core_(options) {
    now_.wall = wall_from_unix_ns(1'800'000'000'000'000'000);
    now_.boot = BootTime{Seconds{1000}};
  }

  // ---- the world ----
  void add_record(const std::string& host) {
    store::HostRecord record;
    record.name = HostId{host};
    feed(RecordsChanged{{record}});
    records_[HostId{host}] = record;
  }
  void issue(const std::string& host, const std::string& serial) {
    store::CertificateRow row{serial, HostId{host}, now_.wall, now_.wall + Seconds{3600}, false};
    certificates_.push_back(row);
    feed(CertificateIssued{row});
  }
  void revoke(const std::string& host) {
    for (auto& row : certificates_) row.revoked = row.revoked || row.host == HostId{host};
    feed(HostRevoked{HostId{host}});
  }
  void enrol(const std::string& host) {
    add_record(host);
    issue(host, "serial-" + host);
  }
  void commit_desired(const std::string& host, DesiredState state) {
    DesiredHead head{HostId{host}, state.generation, state.revision, std::nullopt};
    if (state.routes) head.mode = state.routes->mode;
    desired_[HostId{host}] = std::make_shared<const DesiredState>(std::move(state));
    heads_[HostId{host}] = head;
    feed(RevisionCommitted{{head}});
  }
  void disk(Disk disk) {
    disk_ = disk;
    if (disk != Disk::kWorks) return;
    for (const Persist& held : std::exchange(held_, {})) commit(held);
    settle();
  }
  void advance(Nanoseconds by) {  // in steps of 100 ms, like the runtime's timer
    const BootTime until = now_.boot + by;
    while (now_.boot < until) {
      const auto piece = std::min<Nanoseconds>(Milliseconds{100}, until - now_.boot);
      now_.boot += piece;
      now_.wall += piece;
      feed(Tick{});
    }
  }
  // The collector dies; what is in the store is loaded by the next one. Streams are gone.
  void restart() {
    core_ = CollectorCore(options_);
    held_.clear();
    open_.clear();
    feed(loaded());
  }

  // ---- agents ----
  StreamId open(const std::string& host, const std::string& serial = "", const std::string& peer = "192.0.2.7:40000") {
    const StreamId id{++last_stream_};
    open_[id] = HostId{host};
    feed(StreamOpened{id, HostId{host}, serial.empty() ? "serial-" + host : serial, peer,
                      SessionId{"session-" + std::to_string(id.value)}});
    return id;
  }
  void say(StreamId stream, session::ToCollector message) {
    if (!open_.contains(stream)) return;
    DesiredPtr desired;
    if (const auto found = desired_.find(open_[stream]); found != desired_.end()) desired = found->second;
    feed(MessageIn{stream, std::move(message), desired});
  }
  void hang_up(StreamId stream, const std::string& reason = "stream ended") {
    if (open_.erase(stream) != 0) feed(StreamClosed{stream, reason});
  }
  void turn_away(const std::string& host) { feed(TurnedAway{HostId{host}}); }
  bool is_open(StreamId stream) const { return open_.contains(stream); }

  // ---- what came of it ----
  template <typename T>
  std::vector<T> sent(StreamId to) const {
    std::vector<T> list;
    for (const auto& send : sends_) {
      if (send.to == to && std::holds_alternative<T>(send.message)) list.push_back(std::get<T>(send.message));
    }
    return list;
  }
  void forget_sent() {
    sends_.clear();
    offers_.clear();
    published_.clear();
    told_.clear();
    answers_.clear();
    persists_ = 0;
  }
  CollectorCore& core() { return core_; }
  const HostState& host(const std::string& name) const { return *core_.find_host(HostId{name}); }
  const Now& now() const { return now_; }

  // What goes out on the streams, in order: a message, or the end of the stream with its reason.
  struct Spoken {
    StreamId to;
    std::optional<session::ToAgent> message;
    std::string end;
  };
  std::deque<Spoken> spoken_;
  // How a stored payload becomes a report again; without it, by what was remembered.
  std::function<std::shared_ptr<const session::RoutesReport>(const std::string&)> read_payload_;

  std::set<std::uint16_t> listening_;  // ports of every host that answer the collector
  void hold_ports(bool held) {
    ports_held_ = held;
    settle();
  }
  std::map<StreamId, session::ContactReply> answers_;
  std::vector<Send> sends_;
  std::vector<SendOffer> offers_;
  std::vector<session::DriftRecord> published_;
  std::vector<Tell> told_;
  std::map<StreamId, std::string> close_reasons_;
  std::size_t persists_ = 0;

  void feed(Event event) {
    perform(core_.step(std::move(event), now_));
    settle();
  }

 private:
  void perform(Effects effects) {
    for (Effect& effect : effects) {
      std::visit(Overload{[&](Send& e) { send(std::move(e)); },
                          [&](SendOffer& e) { offer(e); },
                          [&](Close& e) { close(e); },
                          [&](AnswerContact& e) { answer(e); },
                          [&](TryPorts& e) { tries_.push_back(std::move(e)); },
                          [&](Persist& e) { todo_.push_back(e); },
                          [&](LoadValue& e) { loads_.push_back(e.host); },
                          [&](Publish& e) { published_.push_back(std::move(e.drift)); },
                          [&](Tell& e) { told_.push_back(std::move(e)); }},
                 effect);
    }
  }
  void send(Send send) {
    spoken_.push_back({send.to, send.message, ""});
    sends_.push_back(std::move(send));
  }
  void offer(const SendOffer& offer) {
    offers_.push_back(offer);
    if (const DesiredPtr& state = desired_[offer.host]; state && state->generation >= offer.generation) {
      spoken_.push_back({offer.to, session::DesiredOffer{*state}, ""});
    }
  }
  void answer(const AnswerContact& answer) {
    spoken_.push_back({answer.to, answer.reply, ""});
    spoken_.push_back({answer.to, std::nullopt, "answered"});
    answers_[answer.to] = answer.reply;
    closing_.push_back({answer.to, "answered", {}});
  }
  void try_ports(const TryPorts& question) {
    PortsTried tried{question.asked_by, {}};
    for (const std::uint16_t port : question.ports) {
      const bool green = listening_.contains(port);
      tried.results.push_back({{trial::ProbeKind::kInbound, "", {}, port}, green, green ? "connected" : "refused", Milliseconds{1}});
    }
    perform(core_.step(std::move(tried), now_));
  }
  void close(const Close& close) {
    spoken_.push_back({close.which, session::Goodbye{close.reason, close.retry_after}, ""});
    spoken_.push_back({close.which, std::nullopt, close.reason});
    closing_.push_back(close);
  }
  // Everything the world answers by itself, until it is quiet.
  void settle() {
    while (!closing_.empty() || !todo_.empty() || !loads_.empty() || (!tries_.empty() && !ports_held_)) {
      for (const TryPorts& question : ports_held_ ? std::deque<TryPorts>{} : std::exchange(tries_, {})) try_ports(question);
      for (const Close& close : std::exchange(closing_, {})) {
        close_reasons_[close.which] = close.reason;
        if (open_.erase(close.which) != 0) perform(core_.step(StreamClosed{close.which, close.reason}, now_));
      }
      for (const HostId& host : std::exchange(loads_, {})) load(host);
      for (const Persist& persist : std::exchange(todo_, {})) write(persist);
    }
  }
  void load(const HostId& host) {
    ValueLoaded loaded{host, nullptr, nullptr};
    if (const auto found = values_.find(host); found != values_.end()) loaded.routes = read_value(found->second.payload);
    if (const auto found = desired_.find(host); found != desired_.end()) loaded.desired = found->second;
    perform(core_.step(std::move(loaded), now_));
  }
  void write(const Persist& persist) {
    ++persists_;
    if (disk_ == Disk::kHeld) return held_.push_back(persist);
    if (disk_ == Disk::kFails) {
      return perform(core_.step(StoreDone{persist.token, Error{Errc::kIo, "disk full", "", ""}}, now_));
    }
    commit(persist);
  }
  void commit(const Persist& persist) {
    keep(persist.host, *persist.writes);
    perform(core_.step(StoreDone{persist.token, std::nullopt}, now_));
  }

 public:
  // A value is kept by its payload: the report of the payload "v7" is what remember("v7", report) said.
  session::ValueReport remember(const std::string& payload, session::RoutesReport report) {
    reports_[payload] = std::make_shared<const session::RoutesReport>(report);
    return {digest_of(payload), payload, std::move(report)};
  }

 private:
  std::shared_ptr<const session::RoutesReport> read_value(const std::string& payload) {
    return read_payload_ ? read_payload_(payload) : reports_[payload];
  }

  CoreOptions options_;
  CollectorCore core_;
  Now now_;
  Disk disk_ = Disk::kWorks;
  std::uint64_t last_stream_ = 0;
  std::map<StreamId, HostId> open_;
  std::deque<Close> closing_;
  std::deque<Persist> todo_, held_;
  std::deque<HostId> loads_;
  std::deque<TryPorts> tries_;
  bool ports_held_ = false;
  std::map<HostId, DesiredPtr> desired_;
  std::map<std::string, std::shared_ptr<const session::RoutesReport>> reports_;
};

}  // namespace ondol::collector
