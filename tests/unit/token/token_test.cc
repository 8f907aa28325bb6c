#include "common/pki/token.h"

#include <gtest/gtest.h>

#include <set>

namespace ondol::pki {
namespace {

const Sha256 kCaHash = sha256_of("a CA");

std::string message_of(const std::string& text) {
  const auto token = parse_token(text);
  return token ? "accepted" : token.error().message;
}

TEST(Token, ReadsBackWhatItPrints) {
  const Token token = make_token(kCaHash);
  const std::string text = render_token(token);
  EXPECT_EQ(text.size(), 6U + 1 + 43 + 1 + 64);
  const auto parsed = parse_token(text);
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(*parsed, token);
  EXPECT_EQ(token_hash(*parsed), sha256_of(token.secret));
}

TEST(Token, IsNeverTheSameTwice) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) seen.insert(make_token(kCaHash).secret);
  EXPECT_EQ(seen.size(), 100U);
}

TEST(Token, SaysWhichPartIsWrong) {
  const std::string secret(43, 'A');
  const std::string hash = render(kCaHash);
  EXPECT_EQ(message_of("ondol1." + secret + "." + hash), "accepted");
  EXPECT_EQ(message_of(""), "the token is empty");
  EXPECT_EQ(message_of("ondol1." + secret + "." + hash + "\n"), "the token has white space in it");
  EXPECT_EQ(message_of("ondol1." + secret), "the token does not have three parts divided by dots");
  EXPECT_EQ(message_of("ondol1.a.b.c"), "the token does not have three parts divided by dots");
  EXPECT_EQ(message_of("ondol2." + secret + "." + hash), "the token does not begin with ondol1.");
  EXPECT_EQ(message_of("ondol1.AAA." + hash), "the token has a second part of 3 characters instead of 43");
  EXPECT_EQ(message_of("ondol1." + std::string(42, 'A') + "!." + hash),
            "the token has a second part that is not base64url");
  EXPECT_EQ(message_of("ondol1." + secret + ".abcd"),
            "the token has a third part of 4 characters instead of 64");
  EXPECT_EQ(message_of("ondol1." + secret + "." + std::string(64, 'x')),
            "the token has a third part that is not hexadecimal");
}

TEST(Token, HasOneTextPerSecret) {
  // 43 characters carry 258 bits: the two spare ones must be zero, or one secret had four spellings.
  const std::string spelt = "ondol1." + std::string(42, 'A') + "B." + render(kCaHash);
  EXPECT_EQ(message_of(spelt), "the token has a second part that is not base64url");
}

TEST(Token, RefusesHugeTextWithoutReadingIt) { EXPECT_FALSE(parse_token(std::string(10'000'000, '.'))); }

}  // namespace
}  // namespace ondol::pki
