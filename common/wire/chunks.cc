#include "common/wire/chunks.h"

#include <algorithm>

#include "common/wire/bounds.h"
#include "common/wire/routes_wire.h"

namespace ondol::wire {

Result<std::optional<std::string>> SliceJoiner::take(const Slice& slice) {
  if (slice.index == 0) reset();
  if (auto checked = check(slice); !checked) {
    reset();
    return fail(std::move(checked.error()));
  }
  if (slice.index == 0) {
    identity_ = slice.identity;
    count_ = slice.count;
    total_bytes_ = slice.total_bytes;
  }
  joined_.append(slice.payload);
  ++next_;
  if (next_ < count_) return std::nullopt;
  std::string whole = std::move(joined_);
  const bool is_whole = whole.size() == total_bytes_;
  reset();
  if (!is_whole) return fail(Errc::kCorrupt, "the chunks do not add up to the announced size");
  return whole;
}

Result<void> SliceJoiner::check(const Slice& slice) const {
  if (slice.count == 0 || slice.count > kMaxChunks) return fail(Errc::kLimit, "a value of 0 or over 10,000 chunks");
  if (slice.total_bytes > kMaxValueBytes) return fail(Errc::kLimit, "a value over 64 MiB");
  if (slice.payload.size() > kMaxChunkBytes) return fail(Errc::kLimit, "a chunk over 192 KiB");
  if (slice.payload.empty() && slice.count > 1) return fail(Errc::kInvalidInput, "an empty chunk");
  return check_place(slice);
}

Result<void> SliceJoiner::check_place(const Slice& slice) const {
  if (slice.index != next_ || slice.index >= slice.count) return fail(Errc::kInvalidInput, "a chunk out of order");
  const bool is_same = slice.count == count_ && slice.total_bytes == total_bytes_ && slice.identity == identity_;
  if (slice.index > 0 && !is_same) return fail(Errc::kInvalidInput, "a chunk of another value");
  if (joined_.size() + slice.payload.size() > slice.total_bytes) {
    return fail(Errc::kCorrupt, "more bytes than the value announced");
  }
  return {};
}

void SliceJoiner::reset() {
  joined_ = {};
  identity_.clear();
  next_ = 0;
  count_ = 0;
  total_bytes_ = 0;
}

Result<std::optional<session::ValueReport>> ValueAssembler::take(const v1::ValueChunk& chunk) {
  const auto type = closed_enum<session::ResourceType>(chunk.type(), v1::ResourceType_IsValid, "resource type");
  if (!type) return fail(type.error());
  const auto digest = digest_from_bytes(chunk.digest());
  if (!digest) return fail(Errc::kInvalidInput, "a value digest that is not 16 bytes");
  auto joined = joiner_.take({chunk.index(), chunk.count(), chunk.total_bytes(), chunk.digest(), chunk.payload()});
  if (!joined) return fail(std::move(joined.error()));
  if (!*joined) return std::nullopt;
  std::string payload = **std::move(joined);
  if (digest_of(payload) != *digest) return fail(Errc::kCorrupt, "the value does not match its digest");
  auto routes = decode_routes_report(payload);
  if (!routes) return fail(std::move(routes.error()));
  return session::ValueReport{*digest, std::move(payload), *std::move(routes)};
}

Result<std::optional<DesiredState>> DesiredAssembler::take(const v1::DesiredChunk& chunk) {
  const auto digest = sha256_from_bytes(chunk.digest());
  if (!digest) return fail(Errc::kInvalidInput, "a snapshot digest that is not 32 bytes");
  const bool is_last = std::uint64_t{chunk.index()} + 1 == chunk.count();
  if (chunk.complete() != is_last) return fail(Errc::kInvalidInput, "`complete` belongs on the last chunk, and only there");
  const std::string identity =
      chunk.digest() + std::to_string(chunk.generation()) + "/" + std::to_string(chunk.total_objects());
  auto joined = joiner_.take({chunk.index(), chunk.count(), chunk.total_bytes(), identity, chunk.payload()});
  if (!joined) return fail(std::move(joined.error()));
  if (!*joined) return std::nullopt;
  if (sha256_of(**joined) != *digest) return fail(Errc::kCorrupt, "the snapshot does not match its digest");
  auto state = decode_desired_state(**joined);
  if (!state) return fail(std::move(state.error()));
  if (state->generation.value != chunk.generation()) return fail(Errc::kCorrupt, "the snapshot is of another generation");
  if ((state->routes ? state->routes->routes.size() : 0) != chunk.total_objects()) {
    return fail(Errc::kCorrupt, "the snapshot does not hold the announced number of objects");
  }
  return *std::move(state);
}

SliceCutter::SliceCutter(std::string payload)
    : payload_(std::move(payload)),
      count_(static_cast<std::uint32_t>(
          std::max<std::size_t>((payload_.size() + kMaxChunkBytes - 1) / kMaxChunkBytes, 1))) {}

std::string SliceCutter::next() {
  const std::size_t start = std::size_t{index_} * kMaxChunkBytes;
  ++index_;
  return payload_.substr(start, kMaxChunkBytes);
}

}  // namespace ondol::wire
