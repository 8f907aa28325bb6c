// What enrolment asks, answered from the store: durable before it is answered.
#pragma once

#include "collector/enroll/enroll_backend.h"
#include "collector/runtime/collector_runtime.h"

namespace ondol::collector {

// Thread: any; a call may block for one commit.
class StoreEnrollBackend : public enroll::EnrollBackend {
 public:
  StoreEnrollBackend(store::Store& store, store::BatchedWriter& writer, CollectorRuntime& runtime)
      : store_(store), writer_(writer), runtime_(runtime) {}

  Result<HostId> redeem_token(const Sha256& token_hash, WallTime now) override;
  Result<store::CertificateRow> find_certificate(const std::string& serial) override;
  Result<void> record_issued(const store::CertificateRow& row, bool renewal) override;

  std::uint64_t first_issued() const { return first_; }
  std::uint64_t renewed() const { return renewed_; }

 private:
  store::Store& store_;
  store::BatchedWriter& writer_;
  CollectorRuntime& runtime_;
  std::atomic<std::uint64_t> first_{0}, renewed_{0};
};

}  // namespace ondol::collector
