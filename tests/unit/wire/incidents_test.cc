// Outages that others had, as what could reach this host's decoders.
#include <gtest/gtest.h>

#include "common/wire/chunks.h"
#include "common/wire/routes_wire.h"
#include "tests/unit/wire/written.h"

namespace ondol::wire {
namespace {

// Cloudflare, 2025-11-18: a generated file doubled, went over a fixed limit, and every reader of it died.
TEST(Cloudflare2025, AStateOverTheLimitIsAnErrorThatSaysSoHoweverItArrives) {
  const std::string doubled = encode(desired_of(60'000));
  const auto whole = decode_desired_state(doubled);
  ASSERT_FALSE(whole);
  EXPECT_EQ(whole.error().code, Errc::kLimit);
  EXPECT_NE(whole.error().message.find("40,000"), std::string::npos) << whole.error().message;
}

TEST(Cloudflare2025, AnAnnouncementOverTheLimitIsRefusedBeforeAnyOfItIsHeld) {
  v1::DesiredChunk chunk;
  chunk.set_generation(2);
  chunk.set_index(0);
  chunk.set_count(1);
  chunk.set_total_bytes(kMaxValueBytes + 1);
  chunk.set_total_objects(10);
  chunk.set_digest(std::string(32, 'x'));
  chunk.set_payload("x");
  DesiredAssembler joiner;
  EXPECT_FALSE(joiner.take(chunk));
}

// Google, 2025-06-12: blank fields of a policy reached every region in seconds and were read as if they were
// filled.
DesiredState full() {
  DesiredState state = desired_of(12, 7);
  state.routes->mode = Mode::kEnforce;
  state.routes->unlisted = routes::Unlisted::kRemove;
  state.routes->on_conflict = routes::OnConflict::kTakeOver;
  return state;
}

template <typename Blank>
bool is_taken(Blank blank) {
  v1::DesiredState state = to_wire(full());
  blank(state);
  return from_wire(state).has_value();
}

TEST(Google2025, ABlankFieldThatMeansSomethingIsAnErrorAndNeverADefault) {
  EXPECT_TRUE(is_taken([](v1::DesiredState&) {}));
  EXPECT_FALSE(is_taken([](v1::DesiredState& s) { s.mutable_routes()->clear_mode(); }));
  EXPECT_FALSE(is_taken([](v1::DesiredState& s) { s.mutable_routes()->clear_unlisted(); }));
  EXPECT_FALSE(is_taken([](v1::DesiredState& s) { s.mutable_routes()->clear_conflict(); }));
  EXPECT_FALSE(is_taken([](v1::DesiredState& s) { s.mutable_routes()->mutable_routes(3)->Clear(); }));
  EXPECT_FALSE(is_taken([](v1::DesiredState& s) { s.mutable_routes()->mutable_routes(3)->clear_key(); }));
  EXPECT_FALSE(is_taken([](v1::DesiredState& s) { s.mutable_routes()->mutable_routes(3)->clear_value(); }));
  EXPECT_FALSE(is_taken(
      [](v1::DesiredState& s) { s.mutable_routes()->mutable_routes(3)->mutable_key()->clear_table(); }));
  EXPECT_FALSE(is_taken(
      [](v1::DesiredState& s) { s.mutable_routes()->mutable_routes(3)->mutable_key()->clear_family(); }));
  EXPECT_FALSE(is_taken([](v1::DesiredState& s) {
    s.mutable_routes()->mutable_routes(3)->mutable_key()->clear_destination();
  }));
  EXPECT_FALSE(is_taken(
      [](v1::DesiredState& s) { s.mutable_routes()->mutable_routes(3)->mutable_value()->clear_type(); }));
}

// Blank as a whole is a meaning of its own, and the one that does nothing: nobody manages this host's routes.
TEST(Google2025, NoRoutesAtAllIsUnmanagedAndNotManagedAndEmpty) {
  v1::DesiredState state = to_wire(full());
  state.clear_routes();
  const auto back = from_wire(state);
  ASSERT_TRUE(back);
  EXPECT_FALSE(back->routes);
}

}  // namespace
}  // namespace ondol::wire
