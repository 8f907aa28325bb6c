// A collector in the agent's own process: welcomes, acknowledges, and offers what a test gives it.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <vector>

#include "agent/session/session_link.h"

namespace ondol::fakes {

// Shared by a test's thread and the agent's loop.
class FakeCollector {
 public:
  void offer(DesiredState state) {
    const std::lock_guard lock(mutex_);
    offers_.push_back(std::move(state));
    if (wake_) wake_();
  }
  // Waits until `holds` is true of all events told so far; false after `patience`.
  bool wait_for(const std::function<bool(const std::vector<session::HostEvent>&)>& holds, Seconds patience = Seconds{60}) {
    std::unique_lock lock(mutex_);
    return told_.wait_for(lock, patience, [&] { return holds(events_); });
  }
  template <typename Body>
  std::vector<Body> events_of() {
    const std::lock_guard lock(mutex_);
    std::vector<Body> found;
    for (const auto& event : events_) {
      if (const auto* body = std::get_if<Body>(&event.what)) found.push_back(*body);
    }
    return found;
  }
  std::size_t values() {
    const std::lock_guard lock(mutex_);
    return values_;
  }
  // The agent's loop does this and nothing else meanwhile; returns when it is done. The agent is online.
  void occupy(const std::function<void()>& task) {
    std::promise<void> done;
    {
      const std::lock_guard lock(mutex_);
      post_([&] {
        task();
        done.set_value();
      });
    }
    done.get_future().wait();
  }
  bool is_away = false;  // set before the agent starts

 private:
  friend class FakeLink;
  std::mutex mutex_;
  std::condition_variable told_;
  std::deque<DesiredState> offers_;
  std::vector<session::HostEvent> events_;
  std::size_t values_ = 0;
  std::function<void()> wake_;
  agent::PostToLoop post_;
};

class FakeLink : public agent::SessionLink {
 public:
  FakeLink(FakeCollector& collector, agent::PostToLoop post, agent::SessionCallbacks callbacks)
      : collector_(collector), post_(std::move(post)), callbacks_(std::move(callbacks)) {}
  ~FakeLink() override {
    *alive_ = false;
    const std::lock_guard lock(collector_.mutex_);
    collector_.wake_ = nullptr;
  }

  void open(const agent::SessionTarget&) override {
    if (collector_.is_away) return later([this] { callbacks_.on_closed("connection refused", false); });
    later([this] { callbacks_.on_open(); });
  }
  void send(const session::ToCollector& message) override {
    if (const auto* hello = std::get_if<session::Hello>(&message)) welcome(*hello);
    if (const auto* batch = std::get_if<session::EventBatch>(&message)) take(*batch);
    if (const auto* value = std::get_if<session::ValueReport>(&message)) take(*value);
  }
  std::size_t queued() const override { return 0; }
  void close() override {
    later([this] { callbacks_.on_closed("closed", false); });
  }

 private:
  void later(std::function<void()> task) {
    post_([alive = alive_, task = std::move(task)] {
      if (*alive) task();
    });
  }
  void say(session::ToAgent message) {
    later([this, message = std::move(message)] { callbacks_.on_message(message); });
  }
  void welcome(const session::Hello& hello) {
    session::Welcome welcome;
    welcome.session = SessionId{"fake"};
    welcome.durable_event = EventSequence{hello.oldest_event.value - 1};
    say(welcome);
    const std::lock_guard lock(collector_.mutex_);
    collector_.wake_ = [this] { later([this] { send_offers(); }); };
    collector_.post_ = post_;
    later([this] { send_offers(); });
  }
  void send_offers() {
    std::deque<DesiredState> offers;
    {
      const std::lock_guard lock(collector_.mutex_);
      offers.swap(collector_.offers_);
    }
    for (DesiredState& state : offers) callbacks_.on_message(session::DesiredOffer{std::move(state)});
  }
  void take(const session::EventBatch& batch) {
    {
      const std::lock_guard lock(collector_.mutex_);
      collector_.events_.insert(collector_.events_.end(), batch.events.begin(), batch.events.end());
    }
    collector_.told_.notify_all();
    say(session::EventAck{batch.events.back().sequence});
  }
  void take(const session::ValueReport& value) {
    {
      const std::lock_guard lock(collector_.mutex_);
      ++collector_.values_;
    }
    collector_.told_.notify_all();
    say(session::ValueAck{session::ResourceType::kRoutes, value.digest});
  }

  FakeCollector& collector_;
  agent::PostToLoop post_;
  agent::SessionCallbacks callbacks_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace ondol::fakes
