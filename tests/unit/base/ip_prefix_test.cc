#include "common/base/ip_prefix.h"

#include <gtest/gtest.h>

namespace ondol {
namespace {

IpPrefix prefix(std::string_view text) { return parse_prefix(text).value(); }
IpAddress address(std::string_view text) { return parse_address(text).value(); }

TEST(IpPrefix, the_shortest_and_the_longest_prefixes_parse_and_read_back) {
  for (const char* text : {"0.0.0.0/0", "255.255.255.255/32", "::/0", "2001:db8::1/128", "10.0.0.0/8", "2001:db8::/32"}) {
    EXPECT_EQ(render(prefix(text)), text);
  }
}

TEST(IpPrefix, a_bare_address_is_a_host_prefix) {
  EXPECT_EQ(render(prefix("10.0.0.1")), "10.0.0.1/32");
  EXPECT_EQ(render(prefix("::1")), "::1/128");
}

TEST(IpPrefix, host_bits_are_refused_and_the_remedy_names_the_network) {
  const auto parsed = parse_prefix("10.0.0.1/8");
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().code, Errc::kInvalidInput);
  EXPECT_EQ(parsed.error().message, "'10.0.0.1/8' has host bits set");
  EXPECT_EQ(parsed.error().remedy, "write 10.0.0.0/8");
  EXPECT_FALSE(parse_prefix("2001:db8::1/32"));
}

TEST(IpPrefix, an_ipv4_address_written_as_ipv6_is_refused) {
  EXPECT_FALSE(parse_address("::ffff:10.0.0.1"));
  EXPECT_FALSE(parse_prefix("::ffff:10.0.0.0/104"));
  EXPECT_EQ(parse_address("::ffff:a00:1").error().remedy, "write it in IPv4 form");
}

TEST(IpPrefix, what_is_not_an_address_or_a_length_is_refused) {
  for (const char* text : {"", "/", "10.0.0.0/", "10.0.0.0/33", "::/129", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/08",
                           "10.0.0.0/8/8", "10.0.0/8", "010.0.0.0/8", "10.0.0.0.0", "fe80::1%eth0", "default", " 10.0.0.0/8",
                           "10.0.0.0/8 ", "1e1.0.0.0", ":::", "10.0.0.0/0x8"}) {
    EXPECT_FALSE(parse_prefix(text)) << text;
  }
  EXPECT_FALSE(parse_address(std::string(100'000, '1')));
}

TEST(IpPrefix, containment_stays_within_the_family_and_overlap_has_no_direction) {
  EXPECT_TRUE(contains(prefix("10.0.0.0/8"), address("10.255.0.1")));
  EXPECT_FALSE(contains(prefix("10.0.0.0/8"), address("11.0.0.0")));
  EXPECT_TRUE(contains(prefix("0.0.0.0/0"), prefix("10.0.0.0/8")));
  EXPECT_FALSE(contains(prefix("10.0.0.0/8"), prefix("0.0.0.0/0")));
  EXPECT_FALSE(contains(prefix("::/0"), address("10.0.0.1")));
  EXPECT_TRUE(overlaps(prefix("10.1.0.0/16"), prefix("10.0.0.0/8")));
  EXPECT_TRUE(overlaps(prefix("10.0.0.0/8"), prefix("10.1.0.0/16")));
  EXPECT_FALSE(overlaps(prefix("10.1.0.0/16"), prefix("10.2.0.0/16")));
}

TEST(IpPrefix, masking_clears_host_bits_at_any_length) {
  EXPECT_EQ(render(masked({address("255.255.255.255"), 13})), "255.248.0.0/13");
  EXPECT_EQ(render(masked({address("ffff:ffff::1"), 0})), "::/0");
  EXPECT_EQ(render(masked({address("2001:db8::1"), 128})), "2001:db8::1/128");
}

TEST(IpPrefix, addresses_from_bytes_have_4_or_16_of_them) {
  const std::array<std::uint8_t, 16> bytes{10, 0, 0, 1};
  EXPECT_EQ(render(*address_from_bytes(std::span(bytes).first(4))), "10.0.0.1");
  EXPECT_TRUE(address_from_bytes(bytes).has_value());
  for (const std::size_t size : {0U, 1U, 5U, 15U}) EXPECT_FALSE(address_from_bytes(std::span(bytes).first(size)));
}

TEST(IpPrefix, order_is_family_then_address_then_length) {
  EXPECT_LT(prefix("255.0.0.0/8"), prefix("::/0"));
  EXPECT_LT(prefix("10.0.0.0/8"), prefix("10.0.0.0/16"));
  EXPECT_LT(prefix("9.0.0.0/8"), prefix("10.0.0.0/8"));
}

}  // namespace
}  // namespace ondol
