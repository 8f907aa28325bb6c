// One thread that turns many small submissions into few durable commits.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <span>
#include <thread>

#include "collector/store/checkpointer.h"
#include "collector/store/store.h"
#include "common/loop/bounded_queue.h"

namespace ondol::store {

// Called on the writer's or the checkpointer's thread; must not block. Any may be empty.
struct WriterObservers {
  std::function<void(Nanoseconds duration, bool stored)> commit_ended;  // every group commit, also the failed ones
  // A commit or a checkpoint that the disk refused. When store.must_reopen() by then, the process should end and be
  // started again: nothing will be stored any more.
  std::function<void(const Error&)> disk_failed;
};

struct WriterLimits {
  std::size_t queued_writes = 50'000;  // beyond it submit refuses: memory stays bounded while the disk is slow
  std::size_t group_writes = 1'000;    // per commit; one larger submission is committed alone
  Milliseconds checkpoint_interval{200};
};

// Thread: submit and queued_writes from any. An idle writer commits a submission at once; while a commit runs, what
// arrives meanwhile becomes the next group.
// Errors: a refused submission fails alone, its neighbours are stored. A disk that fails, fails the whole group.
// Limits: see WriterLimits.
class BatchedWriter {
 public:
  using Completion = std::function<void(const Result<void>&)>;

  explicit BatchedWriter(Store& store, WriterLimits limits = {}, WriterObservers observers = {});
  ~BatchedWriter();  // stops
  BatchedWriter(const BatchedWriter&) = delete;
  BatchedWriter& operator=(const BatchedWriter&) = delete;

  // Submissions are committed in the order they came. `done` is called once, on the writer's thread, when the batch is
  // durable or was not stored; it may submit again. kUnavailable (full or stopped): nothing was taken, `done` is not called.
  Result<void> submit(Batch batch, Completion done);
  // Submits and waits; not from a completion.
  Result<void> submit_and_wait(Batch batch);

  std::size_t queued_writes() const;
  std::uint64_t times_full() const { return times_full_; }  // submissions that found the queue full
  // Commits what was taken, calls every completion, then ends both threads. Not from a completion.
  void stop();

 private:
  struct Submission {
    Batch batch;
    Completion done;
  };
  void run();
  void commit_group(std::span<Submission> group);
  Result<void> commit_timed(const Batch& batch);
  static Batch join(std::span<Submission> group);  // moves the writes out; split moves them back
  static void split(Batch joined, const std::vector<std::size_t>& sizes, std::span<Submission> group);

  Store& store_;
  const WriterLimits limits_;
  const WriterObservers observers_;
  BoundedQueue<Submission> queue_;
  std::atomic<std::uint64_t> times_full_{0};
  Checkpointer checkpointer_;
  std::thread thread_;
};

}  // namespace ondol::store
