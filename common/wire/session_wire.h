// Session messages <-> frames: one frame is the bytes of one AgentMessage or CollectorMessage, at most 256 KiB.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "common/wire/chunks.h"

namespace ondol::wire {

inline constexpr std::size_t kMaxFrameBytes = 256 * 1024;

// The frames of one message, made one at a time: a large value is never held twice.
class Frames {
 public:
  explicit Frames(const session::ToCollector& message);
  explicit Frames(const session::ToAgent& message);
  bool done() const { return ready_.empty() && (!cutter_ || cutter_->done()); }
  std::string next();  // only when not done

 private:
  void add(const v1::AgentMessage& message);
  void add(const v1::CollectorMessage& message);
  void add_events(const session::EventBatch& batch);  // as many frames as they need
  void cut(const session::ValueReport& value);
  void cut(const DesiredState& state);

  std::deque<std::string> ready_;
  std::optional<SliceCutter> cutter_;
  std::function<std::string(SliceCutter&)> cut_next_;
};

// Frames from an agent -> whole messages; empty while a value is still incomplete. After an error the stream ends.
class AgentFrames {
 public:
  Result<std::optional<session::ToCollector>> take(std::string_view frame);

 private:
  ValueAssembler values_;
};

// Frames from the collector -> whole messages.
class CollectorFrames {
 public:
  Result<std::optional<session::ToAgent>> take(std::string_view frame);

 private:
  DesiredAssembler desired_;
};

}  // namespace ondol::wire
