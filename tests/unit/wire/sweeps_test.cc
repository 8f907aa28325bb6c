// The wire under every single disturbance: any message, any cut, any chunk missing, exchanged, repeated or foreign.
#include <gtest/gtest.h>

#include "common/wire/drift_wire.h"
#include "common/wire/routes_wire.h"
#include "common/wire/session_wire.h"
#include "tests/fakes/any_message.h"
#include "tests/unit/wire/written.h"

namespace ondol::wire {
namespace {

using fakes::AnyMessage;

template <typename Message>
std::vector<std::string> frames_of(const Message& message) {
  std::vector<std::string> all;
  for (Frames frames{message}; !frames.done();) all.push_back(frames.next());
  return all;
}

// What came out of the frames: an error ends it.
struct Outcome {
  std::optional<Errc> error;
  std::size_t whole = 0;
  bool operator==(const Outcome&) const = default;
};
const Outcome kWhole{std::nullopt, 1};
const Outcome kNothingYet{std::nullopt, 0};

template <typename Inbox>
Outcome feed(const std::vector<std::string>& frames) {
  Inbox inbox;
  Outcome outcome;
  for (const std::string& frame : frames) {
    const auto out = inbox.take(frame);
    if (!out) return {out.error().code, outcome.whole};
    outcome.whole += out->has_value();
  }
  return outcome;
}

template <typename Inbox, typename Message>
void expect_same(const Message& message, std::uint32_t seed) {
  Inbox inbox;
  std::vector<Message> came;
  for (const std::string& frame : frames_of(message)) {
    auto out = inbox.take(frame);
    ASSERT_TRUE(out) << seed << ": " << render(out.error());
    if (*out) came.push_back(**std::move(out));
  }
  ASSERT_EQ(came.size(), 1u) << seed;
  EXPECT_EQ(came.front(), message) << seed;
}

TEST(WireSweep, AnyMessageFromEitherSideComesOutAsItWentIn) {
  for (std::uint32_t seed = 0; seed < 600; ++seed) {
    expect_same<AgentFrames>(AnyMessage(seed).to_collector(), seed);
    expect_same<CollectorFrames>(AnyMessage(seed).to_agent(), seed);
  }
}

TEST(WireSweep, AnyStoredDriftRecordComesBackAsItWas) {
  for (std::uint32_t seed = 0; seed < 300; ++seed) {
    const session::DriftRecord drift = AnyMessage(seed).drift();
    const auto back = decode_drift(encode(drift));
    ASSERT_TRUE(back) << seed << ": " << render(back.error());
    EXPECT_EQ(*back, drift) << seed;
  }
}

// A cut frame may happen to be a shorter whole one: then it is another message, never a crash and never the old one.
template <typename Inbox, typename Message>
std::size_t refused_cuts(const Message& message) {
  std::size_t refused = 0;
  const std::string frame = frames_of(message).front();
  for (std::size_t size = 0; size < frame.size(); ++size) {
    const auto out = Inbox().take(std::string_view(frame).substr(0, size));
    refused += !out;
    EXPECT_FALSE(out && *out && **out == message) << "cut at " << size;
  }
  return refused;
}

TEST(WireSweep, AFrameCutAtAnyByteIsAnErrorOrAnotherMessage) {
  std::size_t refused = 0;
  for (std::uint32_t seed = 0; seed < 30; ++seed) {
    refused += refused_cuts<AgentFrames>(AnyMessage(seed).to_collector());
    refused += refused_cuts<CollectorFrames>(AnyMessage(seed).to_agent());
  }
  EXPECT_GT(refused, 500u);
}

TEST(WireSweep, AValueCutAtAnyByteIsNeverTaken) {
  const session::RoutesReport report = AnyMessage(1).report(30);
  const std::string frame = frames_of(session::ToCollector(value_of(report, encode(report)))).front();
  for (std::size_t size = 0; size < frame.size(); ++size) {
    EXPECT_FALSE(AgentFrames().take(std::string_view(frame).substr(0, size))) << size;
  }
}

// Both kinds of chunked values: five frames each.
class ChunkSweep : public ::testing::Test {
 protected:
  static std::vector<std::string> desired(std::uint64_t generation = 7) {
    return frames_of(session::ToAgent(session::DesiredOffer{desired_of(12'000, generation)}));
  }
  static std::vector<std::string> value() {
    const auto report = report_of(12'000);
    return frames_of(session::ToCollector(value_of(report, encode(report))));
  }
  void SetUp() override {
    ASSERT_GE(desired_.size(), 3u);
    ASSERT_GE(value_.size(), 3u);
  }
  const std::vector<std::string> desired_ = desired(), value_ = value();
};

template <typename Inbox>
void expect_no_chunk_is_dispensable(const std::vector<std::string>& whole) {
  ASSERT_EQ(feed<Inbox>(whole), kWhole);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    auto frames = whole;
    frames.erase(frames.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_EQ(feed<Inbox>(frames), i + 1 == whole.size() ? kNothingYet : (Outcome{Errc::kInvalidInput, 0})) << i;
  }
}

TEST_F(ChunkSweep, AnyMissingChunkIsAnErrorOrLeavesTheValueOpen) {
  expect_no_chunk_is_dispensable<CollectorFrames>(desired_);
  expect_no_chunk_is_dispensable<AgentFrames>(value_);
}

template <typename Inbox>
void expect_order_matters(const std::vector<std::string>& whole) {
  for (std::size_t i = 0; i + 1 < whole.size(); ++i) {
    auto frames = whole;
    std::swap(frames[i], frames[i + 1]);
    EXPECT_EQ(feed<Inbox>(frames), (Outcome{Errc::kInvalidInput, 0})) << i;
  }
}

TEST_F(ChunkSweep, AnyTwoExchangedChunksAreAnError) {
  expect_order_matters<CollectorFrames>(desired_);
  expect_order_matters<AgentFrames>(value_);
}

TEST_F(ChunkSweep, AnyReplayedChunkIsAnErrorUnlessItBeginsTheValueAnew) {
  for (std::size_t i = 0; i < value_.size(); ++i) {
    auto frames = value_;
    frames.insert(frames.begin() + static_cast<std::ptrdiff_t>(i), value_[i]);
    const std::size_t taken_before = i + 1 == value_.size();
    EXPECT_EQ(feed<AgentFrames>(frames), i == 0 ? kWhole : (Outcome{Errc::kInvalidInput, taken_before})) << i;
  }
}

TEST_F(ChunkSweep, ChunksOfTwoGenerationsDoNotMix) {
  const auto other = desired(8);
  ASSERT_EQ(other.size(), desired_.size());
  for (std::size_t i = 1; i < desired_.size(); ++i) {
    auto frames = desired_;
    frames[i] = other[i];
    EXPECT_EQ(feed<CollectorFrames>(frames), (Outcome{Errc::kInvalidInput, 0})) << i;
  }
}

TEST_F(ChunkSweep, AChangedByteAnywhereNeverGivesAWholeValue) {
  for (std::size_t at = 0; at < value_[1].size(); at += at < 64 ? 1 : 1999) {
    auto frames = value_;
    frames[1][at] = static_cast<char>(frames[1][at] ^ 0x21);
    EXPECT_EQ(feed<AgentFrames>(frames).whole, 0u) << at;
  }
}

// Twenty thousand routes of 64 nexthops each are more than 64 MiB, and more messages than a decoder takes.
TEST(WireLimits, AReportOfEnormousMultipathRoutesNeverStrandsItsHost) {
  session::RoutesReport report = report_of(20'000);
  for (auto& seen : report.snapshot.routes) {
    const routes::Nexthop hop = seen.route.value.nexthops.front();
    seen.route.value.nexthops.assign(64, hop);
  }
  const std::string bytes = encode(report);
  EXPECT_LE(bytes.size(), kMaxValueBytes);
  const auto back = decode_routes_report(bytes);
  ASSERT_TRUE(back) << render(back.error());
  EXPECT_TRUE(back->snapshot.truncated);
  EXPECT_GT(back->snapshot.routes.size(), 3'500u);
  EXPECT_EQ(back->snapshot.compared, 20'000u);
}

TEST(WireLimits, WhatANewerPeerAddsIsSkipped) {
  const session::RoutesReport report = AnyMessage(3).report(5);
  EXPECT_EQ(decode_routes_report(encode(report) + std::string("\xf2\x3f\x03new", 6)).value(), report);  // field 1022
}

}  // namespace
}  // namespace ondol::wire
