// A queue from many threads to one, bounded by the summed weight of what waits in it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

namespace ondol {

// Thread: push from any; take from one.
template <typename T>
class BoundedQueue {
 public:
  explicit BoundedQueue(std::size_t max_weight) : max_weight_(max_weight) {}

  enum class Push { kTaken, kFull, kClosed };
  // A single item heavier than the bound is taken when nothing else waits.
  Push push(T item, std::size_t weight) {
    const std::lock_guard lock(mutex_);
    if (closed_) return Push::kClosed;
    if (!items_.empty() && weight_ + weight > max_weight_) return Push::kFull;
    weight_ += weight;
    items_.emplace_back(std::move(item), weight);
    ready_.notify_one();
    return Push::kTaken;
  }

  // Waits for an item, then takes what is there, oldest first, while the sum stays within `max_weight` (at least one
  // item). Empty = closed and drained.
  std::vector<T> take(std::size_t max_weight) {
    std::unique_lock lock(mutex_);
    ready_.wait(lock, [this] { return closed_ || !items_.empty(); });
    std::vector<T> taken;
    std::size_t sum = 0;
    while (!items_.empty() && (taken.empty() || sum + items_.front().second <= max_weight)) {
      sum += items_.front().second;
      taken.push_back(std::move(items_.front().first));
      items_.pop_front();
    }
    weight_ -= sum;
    return taken;
  }

  // The same, waiting at most `patience`; empty also means that nothing came in time.
  std::vector<T> take_within(std::size_t max_weight, std::chrono::nanoseconds patience) {
    {
      std::unique_lock lock(mutex_);
      if (!ready_.wait_for(lock, patience, [this] { return closed_ || !items_.empty(); })) return {};
    }
    return take(max_weight);
  }

  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    ready_.notify_all();
  }

  std::size_t weight() const {
    const std::lock_guard lock(mutex_);
    return weight_;
  }

 private:
  const std::size_t max_weight_;
  mutable std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::pair<T, std::size_t>> items_;
  std::size_t weight_ = 0;
  bool closed_ = false;
};

}  // namespace ondol
