// IPv4 and IPv6 addresses and prefixes as plain comparable values.
#pragma once

#include <array>
#include <bit>
#include <compare>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace ondol {

enum class Family : std::uint8_t { kIpv4 = 4, kIpv6 = 6 };

constexpr int address_bytes(Family family) { return family == Family::kIpv4 ? 4 : 16; }
constexpr int address_bits(Family family) { return address_bytes(family) * 8; }

struct IpAddress {
  Family family = Family::kIpv4;
  std::array<std::uint8_t, 16> bytes{};  // network order; IPv4 uses the first four, the rest stay zero

  // Family, then bytes, as two words each: thousands of routes are compared in every sweep.
  std::strong_ordering operator<=>(const IpAddress& other) const;
  bool operator==(const IpAddress&) const = default;

  std::span<const std::uint8_t> octets() const {
    return {bytes.data(), static_cast<std::size_t>(address_bytes(family))};
  }
  bool is_unspecified() const { return bytes == std::array<std::uint8_t, 16>{}; }
};

inline std::strong_ordering IpAddress::operator<=>(const IpAddress& other) const {
  static_assert(std::endian::native == std::endian::little);
  if (family != other.family) return family <=> other.family;
  for (const std::size_t at : {0U, 8U}) {
    std::uint64_t mine = 0;
    std::uint64_t theirs = 0;
    std::memcpy(&mine, bytes.data() + at, sizeof(mine));
    std::memcpy(&theirs, other.bytes.data() + at, sizeof(theirs));
    if (mine != theirs) return __builtin_bswap64(mine) <=> __builtin_bswap64(theirs);
  }
  return std::strong_ordering::equal;
}

// Host bits are zero in every IpPrefix that parse_prefix or make_prefix gave.
struct IpPrefix {
  IpAddress address;
  std::uint8_t length = 0;

  auto operator<=>(const IpPrefix&) const = default;
  bool operator==(const IpPrefix&) const = default;
};

// Dotted quad or RFC 4291 text. No leading zeros, no zone, no port. v4-mapped v6 is refused: write the IPv4 form.
Result<IpAddress> parse_address(std::string_view text);
// "10.0.0.0/8", "2001:db8::/32", "default" is not accepted. A bare address means /32 or /128. Host bits are an error.
Result<IpPrefix> parse_prefix(std::string_view text);
// size is 4 or 16.
Result<IpAddress> address_from_bytes(std::span<const std::uint8_t> bytes);

IpPrefix masked(IpPrefix prefix);  // host bits cleared
bool contains(const IpPrefix& outer, const IpAddress& inner);
bool contains(const IpPrefix& outer, const IpPrefix& inner);
bool overlaps(const IpPrefix& a, const IpPrefix& b);

std::string render(const IpAddress& address);
std::string render(const IpPrefix& prefix);  // always with the length

}  // namespace ondol
