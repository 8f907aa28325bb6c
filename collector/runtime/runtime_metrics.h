// What the collector's parts count, copied into metrics once a second.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "collector/enroll/enroll_count.h"
#include "collector/runtime/collector_runtime.h"
#include "collector/runtime/store_enroll_backend.h"
#include "common/metrics/exposer.h"

namespace ondol::collector {

// Thread: copy from one thread; the commit observer from the writer's, the enrolment observer from the
// enrolment's.
class RuntimeMetrics {
 public:
  explicit RuntimeMetrics(metrics::Exposer& exposer);

  void note_commit(Nanoseconds duration);                // the writer's observer
  void note_enrolment(const enroll::EnrollCount& what);  // the enrolment's observer
  void copy(const CoreStats& stats, const CoreCounters& counters);
  void copy(const SessionCounters& sessions);
  void copy(const StoreEnrollBackend& enrolment);
  void set_limits(const std::map<std::string, double>& limits);  // by the names that hits are counted under
  void count_hits(const std::string& limit, std::uint64_t total);
  void set_store(std::size_t queued, bool failed);
  void set_server_certificate(WallTime not_after);

 private:
  void copy_trials(const CoreStats& stats, const CoreCounters& counters);
  // Counters here follow totals that others keep.
  void follow(const metrics::Metric& metric, const std::map<std::string, std::string>& labels,
              std::uint64_t total);
  void set(const metrics::Metric& metric, const std::map<std::string, std::string>& labels, double value);

  metrics::Exposer& exposer_;
  prometheus::Histogram& commit_seconds_;
  prometheus::Counter& late_renewals_;
};

}  // namespace ondol::collector
