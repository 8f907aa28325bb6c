// Serves one program's metrics over HTTP at /metrics, with one worker thread whatever the number of cores.
#pragma once

#include <prometheus/counter.h>
#include <prometheus/exposer.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <cstdint>
#include <memory>
#include <string>

#include "common/base/result.h"
#include "common/metrics/names.h"

namespace ondol::metrics {

// Thread: any. Counters, gauges and histograms may be changed from any thread; keep references, look-ups take a lock.
// Limits: a scraper that says nothing for 5 s is dropped.
// Metrics: ondol_build_info.
class Exposer {
 public:
  // `listen` is address:port ("127.0.0.1:9790", "[::1]:9790"); port 0 picks a free one.
  static Result<std::unique_ptr<Exposer>> open(const std::string& listen, const std::string& program,
                                               const std::string& version);

  prometheus::Family<prometheus::Counter>& counters(const Metric& metric);
  prometheus::Family<prometheus::Gauge>& gauges(const Metric& metric);
  prometheus::Family<prometheus::Histogram>& histograms(const Metric& metric);
  std::uint16_t port() const;

 private:
  explicit Exposer(std::unique_ptr<prometheus::Exposer> server);

  std::shared_ptr<prometheus::Registry> registry_;
  std::unique_ptr<prometheus::Exposer> server_;
};

}  // namespace ondol::metrics
