// Large values in slices: cutting, and bounded reassembly that drops the whole value at the first doubt.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "common/session/messages.h"
#include "ondol/v1/session.pb.h"

namespace ondol::wire {

inline constexpr std::size_t kMaxChunkBytes = 192 * 1024;
inline constexpr std::size_t kMaxValueBytes = 64 * 1024 * 1024;
inline constexpr std::size_t kMaxChunks = 10'000;

// Where one slice says it belongs. Index 0 starts a new value and forgets an unfinished one: a newer value may
// replace an older one half-way. Everything else must be exactly the next slice of the same value.
struct Slice {
  std::uint32_t index = 0;
  std::uint32_t count = 0;
  std::uint64_t total_bytes = 0;
  std::string_view identity;  // what must stay the same from slice to slice
  std::string_view payload;
};

// Limits: never holds more than total_bytes as announced, nothing is reserved in advance.
class SliceJoiner {
 public:
  // The joined bytes when the last slice came, empty before. After an error nothing is held.
  Result<std::optional<std::string>> take(const Slice& slice);
  std::size_t held_bytes() const { return joined_.size(); }

 private:
  Result<void> check(const Slice& slice) const;
  Result<void> check_place(const Slice& slice) const;
  void reset();

  std::string joined_;
  std::string identity_;
  std::uint32_t next_ = 0;
  std::uint32_t count_ = 0;
  std::uint64_t total_bytes_ = 0;
};

class ValueAssembler {
 public:
  Result<std::optional<session::ValueReport>> take(const v1::ValueChunk& chunk);

 private:
  SliceJoiner joiner_;
};

class DesiredAssembler {
 public:
  Result<std::optional<DesiredState>> take(const v1::DesiredChunk& chunk);

 private:
  SliceJoiner joiner_;
};

// Slices of at most kMaxChunkBytes, made one at a time.
class SliceCutter {
 public:
  explicit SliceCutter(std::string payload);
  std::uint32_t count() const { return count_; }
  std::uint32_t index() const { return index_; }  // of the slice that next() gives
  std::uint64_t total_bytes() const { return payload_.size(); }
  bool done() const { return index_ == count_; }
  std::string next();

 private:
  std::string payload_;
  std::uint32_t count_ = 1;
  std::uint32_t index_ = 0;
};

}  // namespace ondol::wire
