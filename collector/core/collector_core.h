// The collector's judgement: what every event means for hosts, drift, acknowledgements and offers. Pure.
#pragma once

#include <array>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

#include "collector/core/host_record.h"

namespace ondol::collector {

inline constexpr Seconds kSettleTime{2};         // between a welcome or an event and comparing a value that did not change
inline constexpr Seconds kChallengeTime{5};      // the older stream's time to prove that it is alive
inline constexpr Seconds kOfferPatience{10};     // an unanswered offer stops counting against the others
inline constexpr Seconds kOfferAgain{60};        // an offer whose receipt is not said was lost, or could not be read
inline constexpr std::size_t kMaxOffersOut = 256;
inline constexpr std::size_t kMaxEventsWaiting = 4096;  // per host, while the store does not answer
inline constexpr Seconds kCompareSpread{600};    // after a restart every host's stored value is compared once within it

struct CoreOptions {
  Milliseconds heartbeat{30'000};
  std::string version;
};

// How trials end, and why contacts are refused: closed sets, for metrics.
inline constexpr std::string_view kTrialConfirmed = "confirmed";
inline constexpr std::array<std::string_view, 11> kTrialEnds{kTrialConfirmed, "probe", "no_contact", "not_confirmed",
                                                             "restarted", "kernel", "read_back", "person", "storage",
                                                             "undo", "other"};
inline constexpr std::array<std::string_view, 6> kContactAnswers{"before", "confirmed", "same_connection", "other_instance",
                                                                 "superseded", "never_offered"};

struct CoreCounters {  // monotonic, for metrics
  DriftCounts opened;
  std::map<session::RepairOutcome, std::uint64_t> repairs;
  std::map<session::GenerationOutcome, std::uint64_t> generations;
  std::map<std::string_view, std::uint64_t> trials;    // by kTrialEnds
  std::map<std::string_view, std::uint64_t> contacts;  // by kContactAnswers
  std::uint64_t events = 0, events_lost = 0, clones_refused = 0, identities_refused = 0, offers = 0;
};

struct CoreStats {  // as of the last sweep
  std::map<Liveness, std::uint32_t> hosts;
  std::map<std::string, std::uint32_t> silence;
  DriftCounts drift;
  std::uint32_t trials = 0;  // that run now
  HostId oldest_unseen;
  WallTime oldest_unseen_at{};
};

// Thread: one at a time. Deterministic: equal events and times give equal effects.
class CollectorCore {
 public:
  explicit CollectorCore(CoreOptions options) : options_(std::move(options)) {}

  Effects step(Event event, Now now);

  // ---- what people ask ----
  const std::map<HostId, HostState>& hosts() const { return hosts_; }
  const HostState* find_host(const HostId& host) const;
  std::optional<HostId> host_of(StreamId stream) const;
  const CoreStats& stats() const { return stats_; }
  const CoreCounters& counters() const { return counters_; }
  std::size_t offers_waiting() const { return offers_due_.size(); }  // not sent yet: kMaxOffersOut are out
  std::size_t writes_out() const { return tokens_.size(); }  // asked for and not answered
  const std::string& store_error() const { return store_error_; }  // empty = healthy

 private:
  struct Stream {
    HostId host;
    std::string serial, peer;
    SessionId session;
    HostState* state = nullptr;  // map nodes stay where they are; nullptr until it was welcome
    std::unique_ptr<session::Contact> contact = nullptr;  // while its ports are tried
    bool closing = false;  // told to end; nothing it says counts any more
  };
  struct Challenger {  // says it is a host whose stream is still up
    StreamId stream;
    session::Hello hello;
    BootTime deadline{};
  };

  void on(Loaded& loaded);
  void on(StreamOpened& opened);
  void on(MessageIn& in);
  void on(StreamClosed& closed);
  void on(TurnedAway& turned);
  void on(ValueLoaded& loaded);
  void on(PortsTried& tried);
  void on(StoreDone& done);
  void on(Tick& tick);
  void on(RecordsChanged& changed);
  void on(RevisionCommitted& committed);
  void on(CertificateIssued& issued);
  void on(HostRevoked& revoked);
  void on(Stopping& stopping);

  // streams
  std::string refusal(const Stream& stream) const;  // empty = welcome
  void meet(StreamId id, Stream& stream, const session::Hello& hello);
  void admit(StreamId id, Stream& stream, const session::Hello& hello);
  void welcome(const HostId& host, HostState& state, const session::Hello& hello);
  void refuse_clone(const HostId& host, StreamId stream, const std::string& instance);
  void refuse_identity(StreamId id, Stream& stream, const std::string& reason);
  void close(StreamId id, const std::string& reason, Milliseconds retry_after);
  void close_all_of(const HostId& host, const std::string& reason);

  // contacts: streams that are no sessions
  struct Objection {
    std::string_view word;  // of kContactAnswers; empty = none
    std::string text;
  };
  void on_contact(StreamId id, Stream& stream, session::Contact& contact);
  Objection objection(StreamId id, const Stream& stream, const session::Contact& contact) const;
  void answer(StreamId id, Stream& stream, std::vector<trial::ProbeResult> inbound);

  // trials
  void note_trial(HostState& state, const session::GenerationStatus& status);
  void note_trial(const HostId& host, HostState& state, const session::GenerationResult& result);

  // messages of a welcomed stream
  void on_heartbeat(const HostId& host, HostState& state, const session::Heartbeat& heartbeat);
  void on_value(const HostId& host, HostState& state, session::ValueReport& report, const DesiredPtr& desired);
  void on_events(const HostId& host, HostState& state, session::EventBatch& batch, const DesiredPtr& desired);
  void on_status(const HostId& host, HostState& state, const session::GenerationStatus& status);
  void take_event(const HostId& host, HostState& state, session::HostEvent& event, const DesiredPtr& desired,
                  HostWrites& writes);
  void note_result(const HostId& host, HostState& state, const session::GenerationResult& result, HostWrites& writes);
  void compare(HostState& state, const session::RoutesReport& report, const DesiredPtr& desired, HostWrites& writes);
  void keep(HostState& state, DriftOutcomes outcomes, HostWrites& writes);
  HostWrites::Status status_of(const HostState& state) const;
  bool is_settled(const HostState& state) const;

  // durability
  void queue(const HostId& host, HostState& state, HostWrites writes);
  void flush(const HostId& host, HostState& state);
  void acknowledge(HostState& state, const HostWrites& durable);
  void write_failed(const HostId& host, HostState& state, const Error& error);
  void write_refused(const HostId& host, HostState& state, const Error& error);
  void store_answers();

  // time
  void sweep();
  void sweep_live(const HostId& host, HostState& state);
  void sweep_silent(const HostId& host, HostState& state);
  void set_liveness(const HostId& host, HostState& state, Liveness liveness, std::string_view reason);
  void recount();

  // offers
  void want_offer(const HostId& host);
  void send_offers();
  bool needs_offer(const HostState& state) const;

  HostState& state_of(const HostId& host);
  void tell(Notice notice, const HostId& host, std::string text);

  CoreOptions options_;
  std::map<HostId, HostState> hosts_;
  std::unordered_map<StreamId, Stream> streams_;  // looked up for every message
  std::map<HostId, Challenger> challengers_;
  std::map<Token, HostId> tokens_;
  Token last_token_;
  DriftId next_drift_{1};
  std::string store_error_;
  BootTime probed_{};  // when a failed store was last tried

  std::deque<HostId> offers_due_;
  std::map<HostId, BootTime> offers_out_;

  Now now_{};
  BootTime swept_{};
  std::uint64_t sweeps_ = 0;
  bool stopping_ = false;
  CoreStats stats_;
  CoreCounters counters_;
  std::set<HostId> dirty_;  // hosts with writes to flush at the end of this step
  Effects effects_;
};

}  // namespace ondol::collector
