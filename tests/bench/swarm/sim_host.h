// One simulated host: what it holds and what it says, without sockets. Routes are applied by remembering
// them.
#pragma once

#include <memory>
#include <vector>

#include "common/session/messages.h"

namespace ondol::bench {

// What every host of a swarm reports before it was given anything: no routes.
const session::ValueReport& empty_value();

class SimHost {
 public:
  using Messages = std::vector<session::ToCollector>;
  explicit SimHost(HostId host, std::string instance)
      : host_(std::move(host)), instance_(std::move(instance)) {}

  const HostId& host() const { return host_; }
  session::Hello hello() const;
  // As a host that sees no change; or one that names a value the collector lacks, which makes it ask for the
  // value: the only heartbeat that is answered, so that its delay can be seen.
  session::Heartbeat heartbeat(bool answered);
  session::Contact contact() const;

  Messages welcomed(const session::Welcome& welcome);
  Messages offered(const DesiredState& state);  // taken, applied, told; on trial: contact() is to be made
  Messages confirmed();                         // the contact was answered so
  Messages asked() const { return {*value_}; }  // for its value
  void acknowledged(EventSequence durable);

  bool on_trial() const { return trial_.value != 0; }
  Generation applied() const { return applied_; }
  Generation running() const { return running_; }

 private:
  session::GenerationStatus status() const;
  session::ToCollector result(session::GenerationOutcome outcome);

  HostId host_;
  std::string instance_;
  std::shared_ptr<const session::ValueReport> value_{std::shared_ptr<void>(), &empty_value()};
  Generation applied_, running_, trial_;
  Revision revision_;
  EventSequence next_event_{1};
  std::vector<session::HostEvent> unacknowledged_;
  std::uint64_t beats_ = 0;
};

}  // namespace ondol::bench
