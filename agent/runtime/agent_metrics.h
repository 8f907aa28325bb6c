// The agent's metrics, fed by what the core saw and did.
#pragma once

#include <map>
#include <memory>

#include "agent/core/agent_core.h"
#include "common/metrics/exposer.h"

namespace ondol::agent {

// What only the runtime knows.
struct SpoolFigures {
  std::uint64_t depth = 0, lost = 0;
};

// Thread: the loop's.
// Metrics: names.h, section agent.
class AgentMetrics {
 public:
  explicit AgentMetrics(metrics::Exposer& exposer);

  void saw(const Happening& what);
  void did(const Effect& effect);
  void show(const CoreStatus& status, const SpoolFigures& spool, const std::optional<WallTime>& certificate_expires,
            const Now& now);

 private:
  void count_trial(const session::GenerationResult& result);

  metrics::Exposer& exposer_;
  std::map<session::RepairOutcome, prometheus::Counter*> repairs_;
  prometheus::Histogram& repair_seconds_;
  prometheus::Counter& overruns_;
  prometheus::Counter& resyncs_;
  prometheus::Counter& lost_;
  std::map<std::string, prometheus::Counter*, std::less<>> trials_;
  std::map<routes::RouteState, prometheus::Gauge*> states_;
  std::map<DriftKind, prometheus::Gauge*> drift_;
  std::uint64_t lost_shown_ = 0;
};

}  // namespace ondol::agent
