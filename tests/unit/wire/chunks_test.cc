#include "common/wire/chunks.h"

#include <gtest/gtest.h>

#include "common/wire/routes_wire.h"
#include "tests/unit/wire/written.h"

namespace ondol::wire {
namespace {

std::vector<v1::DesiredChunk> chunks_of(const std::string& payload, std::uint64_t generation, std::uint64_t objects) {
  std::vector<v1::DesiredChunk> out;
  for (SliceCutter cutter(payload); !cutter.done();) {
    v1::DesiredChunk& chunk = out.emplace_back();
    chunk.set_generation(generation);
    chunk.set_index(cutter.index());
    chunk.set_count(cutter.count());
    chunk.set_total_bytes(payload.size());
    chunk.set_total_objects(objects);
    chunk.set_digest(std::string(as_bytes(sha256_of(payload))));
    chunk.set_complete(cutter.index() + 1 == cutter.count());
    chunk.set_payload(cutter.next());
  }
  return out;
}

const DesiredState& wanted() {
  static const DesiredState state = desired_of(12'000, 7);
  return state;
}
std::vector<v1::DesiredChunk> good() {
  static const auto chunks = chunks_of(encode(wanted()), 7, 12'000);
  return chunks;
}

// What the assembler says to all chunks in turn: the first error, or the last answer.
Result<std::optional<DesiredState>> feed(DesiredAssembler& assembler, const std::vector<v1::DesiredChunk>& chunks) {
  Result<std::optional<DesiredState>> answer;
  for (const auto& chunk : chunks) {
    answer = assembler.take(chunk);
    if (!answer) return answer;
  }
  return answer;
}
Result<std::optional<DesiredState>> feed(const std::vector<v1::DesiredChunk>& chunks) {
  DesiredAssembler assembler;
  return feed(assembler, chunks);
}

TEST(DesiredChunks, AWholeSnapshotIsTakenAtItsLastChunk) {
  const auto chunks = good();
  ASSERT_GE(chunks.size(), 3u);
  const auto state = feed(chunks);
  ASSERT_TRUE(state) << render(state.error());
  EXPECT_EQ(**state, wanted());
}

TEST(DesiredChunks, WithoutItsLastChunkNothingIsTaken) {
  auto chunks = good();
  chunks.pop_back();
  const auto state = feed(chunks);
  ASSERT_TRUE(state);
  EXPECT_FALSE(*state);
}

TEST(DesiredChunks, ReorderedRepeatedAndMissingChunksDropTheValue) {
  auto swapped = good();
  std::swap(swapped[1], swapped[2]);
  EXPECT_FALSE(feed(swapped));
  auto repeated = good();
  repeated.insert(repeated.begin() + 1, repeated[1]);
  EXPECT_FALSE(feed(repeated));
  auto missing = good();
  missing.erase(missing.begin() + 1);
  EXPECT_FALSE(feed(missing));
  auto headless = good();
  headless.erase(headless.begin());
  EXPECT_FALSE(feed(headless));
}

TEST(DesiredChunks, AfterAnErrorTheRestOfTheValueIsNoValueEither) {
  DesiredAssembler assembler;
  auto chunks = good();
  ASSERT_TRUE(assembler.take(chunks[0]));
  EXPECT_FALSE(assembler.take(chunks[2]));
  EXPECT_FALSE(assembler.take(chunks[1]));
  EXPECT_TRUE(feed(assembler, chunks)) << "a fresh start works";
}

TEST(DesiredChunks, ANewerValueMayReplaceAnUnfinishedOne) {
  DesiredAssembler assembler;
  ASSERT_TRUE(assembler.take(good()[0]));
  const auto small = desired_of(3, 8);
  const auto state = feed(assembler, chunks_of(encode(small), 8, 3));
  ASSERT_TRUE(state) << render(state.error());
  EXPECT_EQ(**state, small);
}

template <typename Break>
bool refused_when(std::size_t index, Break what) {
  auto chunks = good();
  what(chunks[index]);
  return !feed(chunks);
}

TEST(DesiredChunks, EveryAnnouncementMustHold) {
  using Chunk = v1::DesiredChunk;
  const std::size_t last = good().size() - 1;
  EXPECT_TRUE(refused_when(1, [](Chunk& c) { c.set_count(c.count() + 1); }));
  EXPECT_TRUE(refused_when(1, [](Chunk& c) { c.set_generation(8); }));
  EXPECT_TRUE(refused_when(1, [](Chunk& c) { c.set_total_objects(1); }));
  EXPECT_TRUE(refused_when(1, [](Chunk& c) { c.set_total_bytes(c.total_bytes() + 1); }));
  EXPECT_TRUE(refused_when(1, [](Chunk& c) { c.set_digest(std::string(32, 'x')); }));
  EXPECT_TRUE(refused_when(1, [](Chunk& c) { c.set_digest("short"); }));
  EXPECT_TRUE(refused_when(1, [](Chunk& c) { c.set_complete(true); }));
  EXPECT_TRUE(refused_when(1, [](Chunk& c) { c.clear_payload(); }));
  EXPECT_TRUE(refused_when(1, [](Chunk& c) { (*c.mutable_payload())[5] ^= 1; }));
  EXPECT_TRUE(refused_when(last, [](Chunk& c) { c.set_complete(false); }));
  EXPECT_TRUE(refused_when(last, [](Chunk& c) { c.mutable_payload()->pop_back(); }));
  EXPECT_TRUE(refused_when(last, [](Chunk& c) { c.mutable_payload()->push_back('x'); }));
  EXPECT_TRUE(refused_when(0, [](Chunk& c) { c.set_count(0); }));
}

TEST(DesiredChunks, AWrongObjectCountGenerationOrDigestDropsTheWholeSnapshot) {
  const std::string payload = encode(wanted());
  EXPECT_FALSE(feed(chunks_of(payload, 7, 11'999)));
  EXPECT_FALSE(feed(chunks_of(payload, 8, 12'000)));
  auto wrong = chunks_of(payload, 7, 12'000);
  for (auto& chunk : wrong) chunk.set_digest(std::string(32, '\0'));
  const auto state = feed(wrong);
  ASSERT_FALSE(state);
  EXPECT_EQ(state.error().code, Errc::kCorrupt);
}

TEST(DesiredChunks, SizesAndCountsAreBounded) {
  const auto first = [](auto change) {
    v1::DesiredChunk chunk = good()[0];
    change(chunk);
    const auto answer = DesiredAssembler().take(chunk);
    return answer ? std::optional<Errc>() : answer.error().code;
  };
  EXPECT_EQ(first([](v1::DesiredChunk& c) { c.set_total_bytes(64 * 1024 * 1024 + 1); }), Errc::kLimit);
  EXPECT_EQ(first([](v1::DesiredChunk& c) { c.set_count(10'001); }), Errc::kLimit);
  EXPECT_EQ(first([](v1::DesiredChunk& c) { c.set_payload(std::string(192 * 1024 + 1, 'x')); }), Errc::kLimit);
}

TEST(SliceJoiner, NothingIsHeldBeyondWhatWasAnnouncedAndNothingAfterAnError) {
  SliceJoiner joiner;
  const std::string half(1000, 'x');
  ASSERT_TRUE(joiner.take({0, 3, 1500, "id", half}));
  EXPECT_EQ(joiner.held_bytes(), 1000u);
  EXPECT_FALSE(joiner.take({1, 3, 1500, "id", half}));
  EXPECT_EQ(joiner.held_bytes(), 0u);
}

v1::ValueChunk value_chunk(const std::string& payload) {
  v1::ValueChunk chunk;
  chunk.set_type(v1::RESOURCE_TYPE_ROUTES);
  chunk.set_digest(std::string(as_bytes(digest_of(payload))));
  chunk.set_count(1);
  chunk.set_total_bytes(payload.size());
  chunk.set_payload(payload);
  return chunk;
}

TEST(ValueChunks, AnEmptyReportIsAValueNotNothing) {
  const auto value = ValueAssembler().take(value_chunk(encode(session::RoutesReport{})));
  ASSERT_TRUE(value) << render(value.error());
  EXPECT_TRUE(*value);
}

TEST(ValueChunks, AWrongDigestTypeOrContentIsAnError) {
  v1::ValueChunk wrong = value_chunk(encode(report_of(2)));
  wrong.set_digest(std::string(16, 'x'));
  EXPECT_FALSE(ValueAssembler().take(wrong));
  v1::ValueChunk untyped = value_chunk(encode(report_of(2)));
  untyped.set_type(v1::RESOURCE_TYPE_UNSPECIFIED);
  EXPECT_FALSE(ValueAssembler().take(untyped));
  EXPECT_FALSE(ValueAssembler().take(value_chunk("not protobuf")));
}

}  // namespace
}  // namespace ondol::wire
