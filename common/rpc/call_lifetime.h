// In which order a streaming call is used and freed, as a value: reads end, writes drain, Finish once, then free.
#pragma once

#include <cstddef>

namespace ondol::rpc {

// Every start_... that answers true has claimed the operation: start it at once, and tell when it came back.
// Thread: one.
class CallLifetime {
 public:
  // A server may finish while a read waits (the finish ends it); a client's Finish waits for its reads to end.
  enum class Side { kServer, kClient };
  explicit CallLifetime(Side side) : side_(side) {}

  // Operations that are neither read, write nor finish: the call's arrival, its end, an alarm.
  void started() { ++in_flight_; }
  void came_back() { --in_flight_; }

  bool start_read() { return !reading_ && !reads_ended_ && !is_ending() && claim(reading_); }
  void read_done(bool ok) {
    release(reading_);
    reads_ended_ = reads_ended_ || !ok;
  }
  bool start_write() { return !writing_ && !writes_ended_ && !is_ending() && claim(writing_); }
  void write_done(bool ok) {
    release(writing_);
    writes_ended_ = writes_ended_ || !ok;
  }
  void ask_finish() { asked_ = true; }
  // True once: when asked for, and nothing is in its way any more. Ask again after every read and write came back.
  bool start_finish() {
    if (!asked_ || finish_started_ || writing_ || (side_ == Side::kClient && reading_)) return false;
    finish_started_ = true;
    return claim(finishing_);
  }
  void finish_done() { release(finishing_); }

  bool is_ending() const { return asked_; }          // no read or write may be started any more
  bool is_writing() const { return writing_; }
  bool may_free() const { return in_flight_ == 0; }  // nothing points to the call's memory

 private:
  bool claim(bool& operation) {
    ++in_flight_;
    return operation = true;
  }
  void release(bool& operation) {
    --in_flight_;
    operation = false;
  }

  Side side_;
  std::size_t in_flight_ = 0;
  bool reading_ = false, writing_ = false, finishing_ = false;
  bool reads_ended_ = false, writes_ended_ = false, asked_ = false, finish_started_ = false;
};

}  // namespace ondol::rpc
