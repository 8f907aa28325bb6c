// A whole collector: store, authority, core, agents' door, enrolment, operators and metrics, in the order they start.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "collector/admin/admin_server.h"
#include "collector/config/collector_config.h"
#include "collector/enroll/enroll_server.h"
#include "collector/runtime/authority.h"
#include "collector/runtime/history_keeper.h"
#include "collector/runtime/runtime_metrics.h"
#include "collector/runtime/store_enroll_backend.h"
#include "common/metrics/exposer.h"

namespace ondol::collector {

// Thread: the main thread; what it starts has threads of its own.
class CollectorProcess {
 public:
  // Everything serves when it returns. Errors: one sentence with place and remedy; nothing keeps running.
  static Result<std::unique_ptr<CollectorProcess>> start(CollectorConfig config, std::string version);
  ~CollectorProcess() { stop(); }
  CollectorProcess(const CollectorProcess&) = delete;
  CollectorProcess& operator=(const CollectorProcess&) = delete;

  // About twice a second: metrics, the server certificate. An error: this process must leave and be started again.
  Result<void> turn();
  // Shard and writer both turned since the last call.
  bool has_turned();
  std::string summary() const;  // where it listens
  // Statuses are written, streams told to come back, what was submitted is durable.
  void stop();

 private:
  CollectorProcess(CollectorConfig config, std::string version)
      : config_(std::move(config)), version_(std::move(version)), paths_(config_.state_dir) {}

  Result<void> open_store();
  Result<void> open_identity();
  Result<void> open_metrics();
  Result<void> open_core();
  Result<void> open_doors();
  Result<void> renew_certificate(WallTime now);
  void copy_metrics();
  void show_limits(const SessionServerOptions& agents);
  void keep_history(WallTime now);
  store::WriterObservers observers();

  CollectorConfig config_;
  std::string version_;
  AuthorityPaths paths_;
  std::size_t descriptors_ = 0;
  WallTime started_{}, certificate_checked_{}, metrics_copied_{};
  std::uint64_t shard_turns_ = 0, writer_asked_ = 0;
  std::atomic<std::uint64_t> writer_turns_{0};
  StoreHealth health_;
  std::unique_ptr<store::Store> store_;
  pki::Ca ca_;
  WallTime server_not_after_{};
  std::unique_ptr<metrics::Exposer> exposer_;
  std::unique_ptr<RuntimeMetrics> metrics_;
  std::unique_ptr<store::BatchedWriter> writer_;
  std::unique_ptr<CollectorRuntime> runtime_;
  std::unique_ptr<StoreEnrollBackend> backend_;
  std::unique_ptr<ChangeDesk> desk_;
  std::unique_ptr<IntentAnswers> intent_;
  std::unique_ptr<HistoryKeeper> history_;
  std::unique_ptr<SessionServer> sessions_;
  std::unique_ptr<enroll::EnrollServer> enrolment_;
  std::unique_ptr<AdminServer> admin_;
};

}  // namespace ondol::collector
