#include "agent/host/probes/dns_message.h"

#include <gtest/gtest.h>

namespace ondol::probes {
namespace {

constexpr std::uint16_t kId = 0x1234;

std::string query() { return encode_dns_query(kId).value(); }

// Flags, counts of the answer, authority and additional sections, and what follows the question.
std::string answer(std::uint16_t flags, std::uint8_t answers, std::uint8_t authority, const std::string& records) {
  std::string bytes = query();
  bytes[2] = static_cast<char>(flags >> 8);
  bytes[3] = static_cast<char>(flags & 255);
  bytes[7] = static_cast<char>(answers);
  bytes[9] = static_cast<char>(authority);
  return bytes + records;
}

// ". NS a." with a compressed owner.
const std::string kRecord("\xc0\x0c\0\2\0\1\0\0\0\x3c\0\3\1a\0", 15);

TEST(DnsMessage, TheQueryAsksForTheNameServersOfTheRoot) {
  EXPECT_EQ(query(), std::string("\x12\x34\x01\0\0\1\0\0\0\0\0\0\0\0\2\0\1", 17));
}

TEST(DnsMessage, ANameIsAskedForByItsLabels) {
  const auto asked = encode_dns_query(kId, "example.org.");
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->substr(12), std::string("\7example\3org\0\0\2\0\1", 17));
}

TEST(DnsMessage, WhatIsNoNameIsNotAskedFor) {
  EXPECT_FALSE(encode_dns_query(kId, "a..b"));
  EXPECT_FALSE(encode_dns_query(kId, std::string(64, 'a') + ".org"));
  EXPECT_FALSE(encode_dns_query(kId, std::string(300, 'a')));
}

TEST(DnsMessage, AnAnswerWithRecordsIsUnderstood) {
  const auto read = decode_dns_answer(query(), answer(0x8180, 1, 1, kRecord + kRecord));
  ASSERT_TRUE(read) << render(read.error());
  EXPECT_EQ(*read, (DnsAnswer{0, 1, false}));
  EXPECT_EQ(render(*read), "NOERROR with 1 records");
}

TEST(DnsMessage, ARefusalIsAnAnswer) {
  const auto read = decode_dns_answer(query(), answer(0x8185, 0, 0, ""));
  ASSERT_TRUE(read);
  EXPECT_EQ(render(*read), "REFUSED with 0 records");
  const auto bare = decode_dns_answer(query(), std::string("\x12\x34\x80\1\0\0\0\0\0\0\0\0", 12));
  ASSERT_TRUE(bare);
  EXPECT_EQ(render(*bare), "FORMERR with 0 records");
}

TEST(DnsMessage, ACutAnswerIsOneWhateverFollows) {
  const auto read = decode_dns_answer(query(), answer(0x8380, 9, 0, "xyz"));
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->is_cut);
}

TEST(DnsMessage, AnswersToOthersAreRefused) {
  std::string other = answer(0x8180, 0, 0, "");
  other[0] = 9;
  EXPECT_FALSE(decode_dns_answer(query(), other));
  EXPECT_FALSE(decode_dns_answer(query(), query()));
  std::string another_name = answer(0x8180, 0, 0, "");
  another_name[14] = 5;  // type
  EXPECT_FALSE(decode_dns_answer(query(), another_name));
  EXPECT_FALSE(decode_dns_answer(query(), answer(0xa180, 0, 0, "")));  // another opcode
}

TEST(DnsMessage, RecordsThatEndBeforeTheyEndAreRefused) {
  const std::string whole = answer(0x8180, 1, 0, kRecord);
  ASSERT_TRUE(decode_dns_answer(query(), whole));
  for (std::size_t size = 0; size < whole.size(); ++size) EXPECT_FALSE(decode_dns_answer(query(), whole.substr(0, size))) << size;
  EXPECT_FALSE(decode_dns_answer(query(), whole + "x"));
  EXPECT_FALSE(decode_dns_answer(query(), answer(0x8180, 2, 0, kRecord)));
  EXPECT_FALSE(decode_dns_answer(query(), answer(0x8180, 1, 0, std::string(300, '\1'))));
  EXPECT_FALSE(decode_dns_answer(query(), std::string(5000, '\0')));
}

}  // namespace
}  // namespace ondol::probes
