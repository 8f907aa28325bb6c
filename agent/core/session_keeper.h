// One conversation with the collector at a time: when to dial, what the other side lacks, when silence is too long.
#pragma once

#include <optional>
#include <string>

#include "agent/core/event_log.h"
#include "agent/core/events.h"
#include "common/base/backoff.h"

namespace ondol::agent {

enum class SessionState : std::uint8_t { kDown, kOpening, kGreeting, kUp };
std::string_view to_string(SessionState state);

struct SessionOptions {
  std::string agent_version, boot_id, instance_id;
};

// Values cross when their digest differs from what the collector holds, one at a time, newest only. Events cross in
// order, one batch at a time, and are forgotten when acknowledged as durable. The four numbers are said when they change
// and once more with the next heartbeat: nobody acknowledges them.
// Limits: 30 s to be welcomed, 60 s for an acknowledgement; then the stream is closed and dialled again with full jitter:
// at once to 60 s, remembered until sessions last again. A collector that says when to come back is obeyed instead.
class SessionKeeper {
 public:
  explicit SessionKeeper(SessionOptions options) : options_(std::move(options)) {}

  void start(Turn& turn);
  void on_opened(const HostId& host, const session::GenerationStatus& status, Turn& turn);
  void on_closed(const SessionClosed& closed, Turn& turn);
  // Everything but a DesiredOffer, which is not a session's business.
  void on_message(const session::ToAgent& message, Turn& turn);
  void on_report_encoded(const Digest& digest, Turn& turn);
  void on_events_sent(EventSequence through, Turn& turn);  // before the first that was asked for = none could be read
  void on_timer(const session::ObserverProgress& progress, Turn& turn);
  void send_status(const session::GenerationStatus& status, Turn& turn);
  // Sends what the collector lacks; no value while a change of routes is half-way, it would be told as its outcome.
  void pump(bool value_is_settled, Turn& turn);

  BootTime next_due() const;
  bool is_started() const { return started_; }
  SessionState state() const { return state_; }
  WallTime since() const { return since_; }
  const std::string& reason() const { return reason_; }  // of the last close
  const std::optional<Digest>& newest() const { return newest_; }

 private:
  void dial(Turn& turn);
  void change(SessionState state, Turn& turn);
  void close(std::string reason, Turn& turn);
  Nanoseconds pause(bool refused, std::uint64_t random);
  void on(const session::Welcome& welcome, Turn& turn);
  void on(const session::EventAck& ack, Turn& turn);
  void on(const session::ValueAck& ack, Turn& turn);
  void on(const session::ValueRequest& request, Turn& turn);
  void on(const session::DesiredOffer&, Turn&) {}
  void on(const session::Goodbye& goodbye, Turn& turn);
  void on(const session::ContactReply&, Turn& turn) { close("the collector answered a contact on the session", turn); }

  SessionOptions options_;
  Backoff backoff_{BackoffLimits{}};
  SessionState state_ = SessionState::kDown;
  bool started_ = false;
  std::string reason_ = "never connected";
  WallTime since_{};
  BootTime up_at_{};
  BootTime dial_at_ = BootTime::max(), deadline_ = BootTime::max(), heartbeat_at_ = BootTime::max();
  Milliseconds heartbeat_interval_{30'000}, retry_after_{};
  std::uint64_t heartbeat_ = 0;
  std::optional<Digest> newest_, held_, value_in_flight_;
  std::optional<session::GenerationStatus> said_once_;
  BootTime said_at_{};
  bool beats_early_ = false;  // out of turn
  EventSequence sent_, asked_;            // of the spool: up to here, and the first of the last batch
  BootTime ask_again_at_ = BootTime::max();  // the spool could not be read
  bool batch_in_flight_ = false;
  BootTime answer_by_ = BootTime::max();  // for what is in flight
};

}  // namespace ondol::agent
