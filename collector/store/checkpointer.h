// Moves committed pages from the write-ahead log to their place, on a thread of its own, so that no commit waits for it.
#pragma once

#include <atomic>
#include <functional>
#include <thread>

#include "collector/store/store.h"
#include "common/loop/stop_signal.h"

namespace ondol::store {

// Thread: note_commit and stop from any. An idle store is not touched.
class Checkpointer {
 public:
  using Failed = std::function<void(const Error&)>;  // called on the checkpointer's thread

  Checkpointer(Store& store, Milliseconds interval, Failed failed);
  ~Checkpointer();
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;

  void note_commit();  // cheap: one atomic store
  void stop();         // returns when the running checkpoint, if any, is over

 private:
  void run();

  Store& store_;
  const Milliseconds interval_;
  const Failed failed_;
  std::atomic<bool> dirty_{false};
  StopSignal stop_;
  std::thread thread_;
};

}  // namespace ondol::store
