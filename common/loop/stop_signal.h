// Tells a waiting thread to end, once and for good.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace ondol {

// Thread: any.
class StopSignal {
 public:
  void raise() {
    const std::lock_guard lock(mutex_);
    raised_ = true;
    wake_.notify_all();
  }

  // Waits until raised or until `duration` passed; true = raised.
  bool wait_for(std::chrono::nanoseconds duration) {
    std::unique_lock lock(mutex_);
    return wake_.wait_for(lock, duration, [this] { return raised_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable wake_;
  bool raised_ = false;
};

}  // namespace ondol
