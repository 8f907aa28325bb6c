#include "collector/store/batched_writer.h"

#include <chrono>
#include <future>
#include <iterator>

namespace ondol::store {
namespace {

// The engine's answer to what was asked, as against its own trouble.
bool refused(const Error& error) {
  switch (error.code) {
    case Errc::kInvalidInput:
    case Errc::kNotFound:
    case Errc::kAlreadyExists:
    case Errc::kConflict:
    case Errc::kRefused:
    case Errc::kLimit:
    case Errc::kUnsupported: return true;
    case Errc::kUnavailable:
    case Errc::kIo:
    case Errc::kCorrupt:
    case Errc::kInterrupted: return false;
  }
  return false;
}

}  // namespace

BatchedWriter::BatchedWriter(Store& store, WriterLimits limits, WriterObservers observers)
    : store_(store),
      limits_(limits),
      observers_(std::move(observers)),
      queue_(limits.queued_writes),
      checkpointer_(store, limits.checkpoint_interval, observers_.disk_failed),
      thread_([this] { run(); }) {}

BatchedWriter::~BatchedWriter() { stop(); }

Result<void> BatchedWriter::submit(Batch batch, Completion done) {
  using Push = BoundedQueue<Submission>::Push;
  const std::size_t writes = std::max<std::size_t>(batch.size(), 1);
  switch (queue_.push({std::move(batch), std::move(done)}, writes)) {
    case Push::kTaken: return {};
    case Push::kFull:
      ++times_full_;
      return fail(Errc::kUnavailable, "too many writes wait for the store", "store queue", "try again later");
    case Push::kClosed: return fail(Errc::kUnavailable, "the store is being closed", "store queue");
  }
  return {};
}

Result<void> BatchedWriter::submit_and_wait(Batch batch) {
  std::promise<Result<void>> stored;
  auto answer = stored.get_future();
  ONDOL_TRY(submit(std::move(batch), [&stored](const Result<void>& result) { stored.set_value(result); }));
  return answer.get();
}

std::size_t BatchedWriter::queued_writes() const { return queue_.weight(); }

void BatchedWriter::stop() {
  queue_.close();
  if (thread_.joinable()) thread_.join();
  checkpointer_.stop();
}

void BatchedWriter::run() {
  for (;;) {
    auto group = queue_.take(limits_.group_writes);
    if (group.empty()) return;
    commit_group(group);
  }
}

// A refusal somewhere in the group is cornered by halving: few extra commits, and the order of submissions is kept.
void BatchedWriter::commit_group(std::span<Submission> group) {
  std::vector<std::size_t> sizes;
  for (const Submission& one : group) sizes.push_back(one.batch.size());
  Batch joined = join(group);
  const Result<void> result = commit_timed(joined);
  if (!result && group.size() > 1 && refused(result.error())) {
    split(std::move(joined), sizes, group);
    commit_group(group.first(group.size() / 2));
    commit_group(group.subspan(group.size() / 2));
    return;
  }
  for (Submission& one : group) {
    if (one.done) one.done(result);
  }
}

Batch BatchedWriter::join(std::span<Submission> group) {
  Batch joined = std::move(group.front().batch);
  for (Submission& one : group.subspan(1)) std::move(one.batch.begin(), one.batch.end(), std::back_inserter(joined));
  return joined;
}

void BatchedWriter::split(Batch joined, const std::vector<std::size_t>& sizes, std::span<Submission> group) {
  auto from = std::make_move_iterator(joined.begin());
  for (std::size_t i = 0; i < group.size(); ++i) {
    const auto to = from + static_cast<std::ptrdiff_t>(sizes[i]);
    group[i].batch.assign(from, to);
    from = to;
  }
}

Result<void> BatchedWriter::commit_timed(const Batch& batch) {
  const auto start = std::chrono::steady_clock::now();
  Result<void> result = store_.commit(batch);
  const Nanoseconds duration = std::chrono::steady_clock::now() - start;
  if (result) checkpointer_.note_commit();
  if (observers_.commit_ended) observers_.commit_ended(duration, result.has_value());
  if (!result && !refused(result.error()) && observers_.disk_failed) observers_.disk_failed(result.error());
  return result;
}

}  // namespace ondol::store
