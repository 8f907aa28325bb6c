// A store whose commits a test can hold up, count and fail; everything else goes to the store behind it.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>

#include "collector/store/store.h"

namespace ondol::store {

class ForwardingStore final : public Store {
 public:
  // Commits wait while the gate is closed.
  void close_gate() { set_gate(false); }
  void open_gate() { set_gate(true); }
  // Returns once `count` commits arrived, waiting ones included.
  void wait_for_commits(std::size_t count) { wait_for(commits_, count); }
  void wait_for_checkpoints(std::size_t count) { wait_for(checkpoints_, count); }
  void fail_commits(std::optional<Error> error) {
    const std::lock_guard lock(mutex_);
    failure_ = std::move(error);
  }
  void fail_checkpoints(std::optional<Error> error) {
    const std::lock_guard lock(mutex_);
    checkpoint_failure_ = std::move(error);
  }
  std::vector<std::size_t> commit_sizes() const {
    const std::lock_guard lock(mutex_);
    return commits_;
  }
  std::size_t checkpoints() const {
    const std::lock_guard lock(mutex_);
    return checkpoints_.size();
  }

  Result<void> commit(const Batch& batch) override {
    std::unique_lock lock(mutex_);
    commits_.push_back(batch.size());
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
    if (failure_) return fail(*failure_);
    return behind_->commit(batch);
  }
  Result<void> checkpoint() override {
    const std::lock_guard lock(mutex_);
    checkpoints_.push_back(1);
    changed_.notify_all();
    return checkpoint_failure_ ? Result<void>(fail(*checkpoint_failure_)) : Result<void>{};
  }

  Result<std::vector<HostRecord>> read_records() override { return behind_->read_records(); }
  Result<std::optional<RevisionRow>> read_current_revision() override { return behind_->read_current_revision(); }
  Result<std::optional<RevisionRow>> read_revision(const Revision& id) override { return behind_->read_revision(id); }
  Result<std::vector<CommitRow>> read_commits(std::size_t limit) override { return behind_->read_commits(limit); }
  Result<std::optional<LayerFile>> read_layer_file(const Revision& id, const std::string& path) override {
    return behind_->read_layer_file(id, path);
  }
  Result<std::vector<DesiredRow>> read_desired() override { return behind_->read_desired(); }
  Result<std::optional<DesiredRow>> read_desired(const HostId& host) override { return behind_->read_desired(host); }
  Result<std::optional<ObservedRow>> read_observed(const HostId& host, session::ResourceType type) override {
    return behind_->read_observed(host, type);
  }
  Result<std::vector<ObservedRow>> read_observed_heads() override { return behind_->read_observed_heads(); }
  Result<std::vector<EventRow>> read_events(const HostId& host, std::size_t limit) override {
    return behind_->read_events(host, limit);
  }
  Result<std::vector<EventPosition>> read_event_positions() override { return behind_->read_event_positions(); }
  Result<std::vector<DriftRow>> read_open_drift() override { return behind_->read_open_drift(); }
  Result<std::vector<DriftRow>> read_drift(const std::optional<HostId>& host, std::size_t limit, DriftId below) override {
    return behind_->read_drift(host, limit, below);
  }
  Result<std::optional<DriftRow>> read_drift_by_id(DriftId id) override { return behind_->read_drift_by_id(id); }
  Result<DriftId> read_highest_drift_id() override { return behind_->read_highest_drift_id(); }
  Result<std::vector<StatusRow>> read_statuses() override { return behind_->read_statuses(); }
  Result<std::optional<TokenRow>> read_token(const Sha256& hash) override { return behind_->read_token(hash); }
  Result<std::optional<CertificateRow>> read_certificate(const std::string& serial) override {
    return behind_->read_certificate(serial);
  }
  Result<std::vector<CertificateRow>> read_certificates() override { return behind_->read_certificates(); }
  Result<std::vector<AuditRow>> read_audit(std::size_t limit) override { return behind_->read_audit(limit); }
  Result<void> verify_audit() override { return behind_->verify_audit(); }
  std::string engine() const override { return "forwarding"; }

 private:
  void set_gate(bool open) {
    const std::lock_guard lock(mutex_);
    open_ = open;
    changed_.notify_all();
  }
  void wait_for(const std::vector<std::size_t>& list, std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return list.size() >= count; });
  }

  std::unique_ptr<Store> behind_ = make_memory_store();
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = true;
  std::optional<Error> failure_, checkpoint_failure_;
  std::vector<std::size_t> commits_, checkpoints_;
};

}  // namespace ondol::store
