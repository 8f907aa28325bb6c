#include "collector/store/checkpointer.h"

namespace ondol::store {

Checkpointer::Checkpointer(Store& store, Milliseconds interval, Failed failed)
    : store_(store), interval_(interval), failed_(std::move(failed)), thread_([this] { run(); }) {}

Checkpointer::~Checkpointer() { stop(); }

void Checkpointer::note_commit() { dirty_.store(true, std::memory_order_relaxed); }

void Checkpointer::stop() {
  stop_.raise();
  if (thread_.joinable()) thread_.join();
}

void Checkpointer::run() {
  while (!stop_.wait_for(interval_)) {
    if (!dirty_.exchange(false)) continue;
    const Result<void> done = store_.checkpoint();
    if (done) continue;
    dirty_ = true;
    if (failed_) failed_(done.error());
  }
}

}  // namespace ondol::store
