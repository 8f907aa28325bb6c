#include "common/pki/bytes.h"

#include <gtest/gtest.h>

namespace ondol::pki {
namespace {

TEST(Base64url, MatchesTheExamplesOfRfc4648WithoutPadding) {
  EXPECT_EQ(render_base64url(""), "");
  EXPECT_EQ(render_base64url("f"), "Zg");
  EXPECT_EQ(render_base64url("fo"), "Zm8");
  EXPECT_EQ(render_base64url("foo"), "Zm9v");
  EXPECT_EQ(render_base64url("foobar"), "Zm9vYmFy");
  EXPECT_EQ(render_base64url("\xfb\xff"), "-_8");
}

TEST(Base64url, ReadsBackEveryLength) {
  for (std::size_t size = 0; size < 70; ++size) {
    const std::string bytes = random_bytes(size);
    EXPECT_EQ(parse_base64url(render_base64url(bytes)), bytes);
  }
}

TEST(Base64url, RefusesPaddingForeignCharactersAndSpareBits) {
  EXPECT_FALSE(parse_base64url("Zg=="));
  EXPECT_FALSE(parse_base64url("Zm9+"));
  EXPECT_FALSE(parse_base64url("Zm9v "));
  EXPECT_FALSE(parse_base64url("Zh"));
  EXPECT_FALSE(parse_base64url("Zm9vY"));
  EXPECT_FALSE(parse_base64url(std::string("Zm9\0", 4)));
}

TEST(ConstantTimeEqual, ComparesWholeTexts) {
  EXPECT_TRUE(constant_time_equal("", ""));
  EXPECT_TRUE(constant_time_equal("abc", "abc"));
  EXPECT_FALSE(constant_time_equal("abc", "abd"));
  EXPECT_FALSE(constant_time_equal("abc", "abcd"));
}

TEST(Sha256Hex, ReadsBothCasesAndNothingElse) {
  const Sha256 digest = sha256_of("x");
  EXPECT_EQ(parse_sha256_hex(render(digest)), digest);
  EXPECT_FALSE(parse_sha256_hex(render(digest).substr(1)));
  EXPECT_FALSE(parse_sha256_hex(std::string(64, 'g')));
}

}  // namespace
}  // namespace ondol::pki
