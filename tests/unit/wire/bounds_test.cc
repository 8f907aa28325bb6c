#include "common/wire/bounds.h"

#include <gtest/gtest.h>

#include "common/wire/routes_wire.h"
#include "common/wire/session_wire.h"
#include "ondol/v1/session.pb.h"

namespace ondol::wire {
namespace {

using google::protobuf::Descriptor;

const Descriptor& routes_value() { return *v1::RoutesValue::descriptor(); }

// A length-delimited field.
std::string field(char number, const std::string& content) {
  std::string out(1, static_cast<char>(number << 3 | 2));
  std::size_t size = content.size();
  for (; size >= 128; size >>= 7) out += static_cast<char>((size & 127) | 128);
  return out + static_cast<char>(size) + content;
}

std::string repeated(const std::string& piece, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += piece;
  return out;
}

TEST(Shape, EmptySubMessagesAreCountedBeforeAnythingIsStored) {
  EXPECT_TRUE(check_shape(repeated(field(1, ""), 100), routes_value(), {100, 4}));
  const auto refused = check_shape(repeated(field(1, ""), 101), routes_value(), {100, 4});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::kLimit);
}

TEST(Shape, AFloodOfEmptyMessagesIsRefusedByTheDecoders) {
  const auto value = decode_routes_report(repeated(field(1, ""), 700'000));
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().code, Errc::kLimit);
  const auto frame = AgentFrames().take(field(4, repeated(field(2, ""), 50'000)));
  ASSERT_FALSE(frame);
  EXPECT_EQ(frame.error().code, Errc::kLimit);
}

TEST(Shape, DepthIsBounded) {
  // routes > value > nexthops is 4 deep with the outermost message.
  const std::string deep = field(1, field(2, field(2, "")));
  EXPECT_TRUE(check_shape(deep, routes_value(), {10, 4}));
  EXPECT_FALSE(check_shape(deep, routes_value(), {10, 3}));
}

TEST(Shape, UnknownFieldsAreSkippedHoweverDeepTheyLook) {
  std::string deep;
  for (int i = 0; i < 10; ++i) deep = field(15, deep);
  EXPECT_TRUE(check_shape(deep, routes_value(), {0, 1}));
  EXPECT_TRUE(decode_routes_report(deep));
}

TEST(Shape, GroupsAndTornLengthsAreErrors) {
  EXPECT_FALSE(check_shape("\x0b", routes_value(), {10, 4}));             // start of a group
  EXPECT_FALSE(check_shape("\x0c", routes_value(), {10, 4}));             // its end
  EXPECT_FALSE(check_shape("\x0a\x05" "ab", routes_value(), {10, 4}));    // five bytes announced, two there
  EXPECT_FALSE(check_shape("\x0a\xff\xff\xff\xff\x0f", routes_value(), {10, 4}));
  EXPECT_FALSE(check_shape("\x0a", routes_value(), {10, 4}));
  EXPECT_FALSE(check_shape(std::string_view("\0", 1), routes_value(), {10, 4}));  // field number 0
  EXPECT_FALSE(check_shape("\x20\xff", routes_value(), {10, 4}));         // a varint that does not end
}

TEST(Bounds, TimesOutsideOurCenturyAreErrors) {
  EXPECT_TRUE(checked_wall(0));
  EXPECT_FALSE(checked_wall(-1));
  EXPECT_FALSE(checked_wall(INT64_MAX));
  EXPECT_FALSE(checked_ms(UINT64_MAX, "an age"));
}

}  // namespace
}  // namespace ondol::wire
