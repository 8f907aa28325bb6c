// An agent that says what a test tells it to, over the real transport with a certificate from the collector itself.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "agent/session/contact_client.h"
#include "common/loop/bounded_queue.h"
#include "tests/integration/collector/real_collector.h"

namespace ondol::collector {

class ScriptedAgent {
 public:
  // Enrols `host` with a fresh token into a directory of its own.
  ScriptedAgent(RealCollector& collector, std::string host, std::string instance = "i1");
  ~ScriptedAgent();
  ScriptedAgent(const ScriptedAgent&) = delete;
  ScriptedAgent& operator=(const ScriptedAgent&) = delete;

  void connect();                        // opens a stream; greets when it is up
  void greet_as(const std::string& host) { greeting_ = host; }
  void say(session::ToCollector message);
  void hang_up();
  Result<session::ContactReply> ask(const session::Contact& contact);  // on a connection of its own

  // What came since connect(); nullopt after 20 s or, for messages, when the stream closed.
  template <typename T>
  std::optional<T> wait_for() {
    return wait_until<T>([](const T&) { return true; });
  }
  template <typename T, typename Wanted>
  std::optional<T> wait_until(Wanted wanted) {
    std::unique_lock lock(mutex_);
    std::optional<T> found;
    changed_.wait_for(lock, std::chrono::seconds(20), [&] {
      for (const auto& message : received_) {
        const T* candidate = std::get_if<T>(&message);
        if (candidate != nullptr && wanted(*candidate)) found = *candidate;
      }
      return found.has_value() || closed_.has_value();
    });
    return found;
  }
  std::optional<std::string> wait_for_close();
  template <typename T>
  bool was_told() {
    const std::lock_guard lock(mutex_);
    return std::any_of(received_.begin(), received_.end(), [](const auto& m) { return std::holds_alternative<T>(m); });
  }

  std::uint64_t runs = 0;  // generation it says it runs
  EventSequence next_event{1};

 private:
  void run();
  void opened();

  RealCollector& collector_;
  std::string host_, greeting_, instance_, identity_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<session::ToAgent> received_;
  std::optional<std::string> closed_;
  bool open_ = false;
  BoundedQueue<std::function<void()>> loop_;
  std::unique_ptr<agent::SessionLink> link_;
  std::thread thread_;
};

}  // namespace ondol::collector
