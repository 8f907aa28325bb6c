#include "common/base/ip_prefix.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace ondol {
namespace {

bool is_v4_mapped(const IpAddress& address) {
  static constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  return address.family == Family::kIpv6 && std::equal(kMapped.begin(), kMapped.end(), address.bytes.begin());
}

Result<std::uint8_t> parse_length(std::string_view text, int bits) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  if (!whole || value > static_cast<unsigned>(bits) || (text.size() > 1 && text.front() == '0')) {
    return fail(Errc::kInvalidInput, fmt::format("prefix length '{}' is not a number from 0 to {}", text, bits));
  }
  return static_cast<std::uint8_t>(value);
}

}  // namespace

Result<IpAddress> parse_address(std::string_view text) {
  if (text.empty() || text.size() > 45) {
    return fail(Errc::kInvalidInput, fmt::format("'{}' is not an IP address", text.substr(0, 60)));
  }
  const std::string copy(text);
  IpAddress address;
  address.family = copy.find(':') == std::string::npos ? Family::kIpv4 : Family::kIpv6;
  const int family = address.family == Family::kIpv4 ? AF_INET : AF_INET6;
  if (inet_pton(family, copy.c_str(), address.bytes.data()) != 1) {
    return fail(Errc::kInvalidInput, fmt::format("'{}' is not an IP address", text));
  }
  if (is_v4_mapped(address)) {
    return fail(Errc::kInvalidInput, fmt::format("'{}' is an IPv4 address written as IPv6", text), {},
                "write it in IPv4 form");
  }
  return address;
}

Result<IpPrefix> parse_prefix(std::string_view text) {
  const auto slash = text.find('/');
  auto address = parse_address(text.substr(0, slash));
  if (!address) return fail(address.error());
  IpPrefix prefix{*address, static_cast<std::uint8_t>(address_bits(address->family))};
  if (slash != std::string_view::npos) {
    auto length = parse_length(text.substr(slash + 1), address_bits(address->family));
    if (!length) return fail(length.error());
    prefix.length = *length;
  }
  if (const IpPrefix network = masked(prefix); network != prefix) {
    return fail(Errc::kInvalidInput, fmt::format("'{}' has host bits set", text), {},
                fmt::format("write {}", render(network)));
  }
  return prefix;
}

Result<IpAddress> address_from_bytes(std::span<const std::uint8_t> bytes) {
  if (bytes.size() != 4 && bytes.size() != 16) {
    return fail(Errc::kInvalidInput, fmt::format("an address has 4 or 16 bytes, not {}", bytes.size()));
  }
  IpAddress address;
  address.family = bytes.size() == 4 ? Family::kIpv4 : Family::kIpv6;
  std::copy(bytes.begin(), bytes.end(), address.bytes.begin());
  return address;
}

IpPrefix masked(IpPrefix prefix) {
  for (int i = 0; i < 16; ++i) {
    const int keep = std::clamp(static_cast<int>(prefix.length) - i * 8, 0, 8);
    prefix.address.bytes[static_cast<std::size_t>(i)] &= static_cast<std::uint8_t>(0xff00 >> keep);
  }
  return prefix;
}

bool contains(const IpPrefix& outer, const IpAddress& inner) {
  return outer.address.family == inner.family && masked(IpPrefix{inner, outer.length}).address == outer.address;
}

bool contains(const IpPrefix& outer, const IpPrefix& inner) {
  return outer.length <= inner.length && contains(outer, inner.address);
}

bool overlaps(const IpPrefix& a, const IpPrefix& b) { return contains(a, b) || contains(b, a); }

std::string render(const IpAddress& address) {
  char text[INET6_ADDRSTRLEN] = {};
  inet_ntop(address.family == Family::kIpv4 ? AF_INET : AF_INET6, address.bytes.data(), text, sizeof(text));
  return text;
}

std::string render(const IpPrefix& prefix) {
  return fmt::format("{}/{}", render(prefix.address), prefix.length);
}

}  // namespace ondol
