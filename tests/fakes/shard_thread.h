// A session server without sockets: one thread runs what is posted and remembers what was sent to whom.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "collector/session/session_server.h"
#include "common/loop/bounded_queue.h"

namespace ondol::collector {

class ShardThread : public SessionServer {
 public:
  ShardThread() : queue_(1'000'000), thread_([this] { run(); }) {}
  ~ShardThread() override { stop(); }

  void post(std::function<void()> task) override { queue_.push(std::move(task), 1); }
  void send(ConnectionId to, const session::ToAgent& message) override {
    const std::lock_guard lock(mutex_);
    sent_.emplace_back(to, message);
    changed_.notify_all();
  }
  void answer(ConnectionId contact, const session::ContactReply& reply) override {
    send(contact, reply);
    close(contact, "answered", {});
  }
  void close(ConnectionId which, const std::string& reason, std::chrono::milliseconds) override {
    const std::lock_guard lock(mutex_);
    closed_.emplace_back(which, reason);
    changed_.notify_all();
  }
  std::uint16_t port() const override { return 0; }
  SessionCounters counters() const override { return {}; }
  void stop() override {
    queue_.close();
    if (thread_.joinable()) thread_.join();
  }

  // Waits until a message of type T was sent to `to`; nullopt after ten seconds.
  template <typename T>
  std::optional<T> wait_for(ConnectionId to) {
    std::optional<T> found;
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(10), [&] { return find(to, found); });
    return found;
  }
  std::optional<std::string> wait_for_close(ConnectionId which) {
    std::unique_lock lock(mutex_);
    std::optional<std::string> reason;
    changed_.wait_for(lock, std::chrono::seconds(10), [&] {
      for (const auto& [id, why] : closed_) {
        if (id == which) reason = why;
      }
      return reason.has_value();
    });
    return reason;
  }

 private:
  template <typename T>
  bool find(ConnectionId to, std::optional<T>& found) {
    for (const auto& [id, message] : sent_) {
      if (id == to && std::holds_alternative<T>(message)) found = std::get<T>(message);
    }
    return found.has_value();
  }
  void run() {
    for (auto tasks = queue_.take(1'000); !tasks.empty(); tasks = queue_.take(1'000)) {
      for (auto& task : tasks) task();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::pair<ConnectionId, session::ToAgent>> sent_;
  std::vector<std::pair<ConnectionId, std::string>> closed_;
  BoundedQueue<std::function<void()>> queue_;
  std::thread thread_;
};

}  // namespace ondol::collector
