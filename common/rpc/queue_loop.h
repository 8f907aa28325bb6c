// One completion queue and the one thread that polls it: operations, posted tasks and a timer all run there.
#pragma once

#include <grpcpp/alarm.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "common/loop/guarded.h"

namespace ondol::rpc {

// What a tag points to. Completed exactly once per started operation, on the loop's thread.
class Operation {
 public:
  virtual ~Operation() = default;
  virtual void completed(bool ok) = 0;
};

// Thread: post from any; everything else is called on the loop's own thread, or before run and after join.
class QueueLoop {
 public:
  QueueLoop(std::unique_ptr<grpc::ServerCompletionQueue> queue, std::function<void()> timer);
  ~QueueLoop();
  QueueLoop(const QueueLoop&) = delete;
  QueueLoop& operator=(const QueueLoop&) = delete;

  void run();                                // starts the thread
  void post(std::function<void()> task);     // dropped after stop
  grpc::ServerCompletionQueue* queue() { return queue_.get(); }
  // Shuts the queue down; the thread ends when every started operation came back. The server must be shut down first.
  void stop();

 private:
  void poll();
  void run_posted();
  void tick_if_due();

  static constexpr std::chrono::milliseconds kTick{100};

  struct Inbox {
    std::vector<std::function<void()>> tasks;
    bool wake_set = false;
    bool closed = false;
  };

  std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  std::function<void()> timer_;
  Guarded<Inbox> inbox_;
  grpc::Alarm wake_;
  std::chrono::steady_clock::time_point next_tick_{};
  std::thread thread_;
};

}  // namespace ondol::rpc
