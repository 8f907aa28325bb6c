// Two digests: Digest tells "did it change", Sha256 tells "is it what was written".
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace ondol {

// XXH3-128 of a deterministic serialisation. Not cryptographic: only for change detection.
struct Digest {
  std::array<std::uint8_t, 16> bytes{};
  auto operator<=>(const Digest&) const = default;
};

struct Sha256 {
  std::array<std::uint8_t, 32> bytes{};
  auto operator<=>(const Sha256&) const = default;
};

Digest digest_of(std::string_view bytes);
Sha256 sha256_of(std::string_view bytes);

std::optional<Digest> digest_from_bytes(std::string_view bytes);  // exactly 16
std::optional<Sha256> sha256_from_bytes(std::string_view bytes);  // exactly 32

std::string_view as_bytes(const Digest& digest);
std::string_view as_bytes(const Sha256& digest);
std::string render(const Digest& digest);  // hexadecimal, lower case
std::string render(const Sha256& digest);
std::string to_hex(std::span<const std::uint8_t> bytes);

}  // namespace ondol
