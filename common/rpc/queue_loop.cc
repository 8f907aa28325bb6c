#include "common/rpc/queue_loop.h"

#include <utility>

namespace ondol::rpc {

QueueLoop::QueueLoop(std::unique_ptr<grpc::ServerCompletionQueue> queue, std::function<void()> timer)
    : queue_(std::move(queue)), timer_(std::move(timer)) {}

QueueLoop::~QueueLoop() { stop(); }

void QueueLoop::run() {
  next_tick_ = std::chrono::steady_clock::now() + kTick;
  thread_ = std::thread([this] { poll(); });
}

void QueueLoop::post(std::function<void()> task) {
  inbox_.with([this, &task](Inbox& inbox) {
    if (inbox.closed) return;
    inbox.tasks.push_back(std::move(task));
    // One wake at a time; a null tag is the wake itself. Set under the lock: an Alarm is not thread-safe.
    if (!std::exchange(inbox.wake_set, true)) wake_.Set(queue_.get(), gpr_inf_past(GPR_CLOCK_MONOTONIC), nullptr);
  });
}

void QueueLoop::stop() {
  if (!thread_.joinable()) return;
  inbox_.with([](Inbox& inbox) { inbox.closed = true; });
  queue_->Shutdown();
  thread_.join();
}

void QueueLoop::poll() {
  void* tag = nullptr;
  bool ok = false;
  for (;;) {
    switch (queue_->AsyncNext(&tag, &ok, std::chrono::system_clock::now() + kTick)) {
      case grpc::CompletionQueue::SHUTDOWN: return;
      case grpc::CompletionQueue::TIMEOUT: break;
      case grpc::CompletionQueue::GOT_EVENT:
        if (tag == nullptr) run_posted();
        else static_cast<Operation*>(tag)->completed(ok);
        break;
    }
    tick_if_due();
  }
}

void QueueLoop::run_posted() {
  auto tasks = inbox_.with([](Inbox& inbox) {
    inbox.wake_set = false;
    return std::exchange(inbox.tasks, {});
  });
  for (auto& task : tasks) task();
}

void QueueLoop::tick_if_due() {
  const auto now = std::chrono::steady_clock::now();
  if (now < next_tick_) return;
  next_tick_ = now + kTick;
  if (timer_) timer_();
}

}  // namespace ondol::rpc
