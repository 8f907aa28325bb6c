#include "common/base/digest.h"

#include <openssl/evp.h>

#include <algorithm>
#include <cstdlib>
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace ondol {
namespace {

template <typename D>
std::optional<D> from_bytes(std::string_view bytes) {
  D digest;
  if (bytes.size() != digest.bytes.size()) return std::nullopt;
  std::copy(bytes.begin(), bytes.end(), digest.bytes.begin());
  return digest;
}

template <typename D>
std::string_view bytes_of(const D& digest) {
  return {reinterpret_cast<const char*>(digest.bytes.data()), digest.bytes.size()};
}

}  // namespace

Digest digest_of(std::string_view bytes) {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits(bytes.data(), bytes.size()));
  Digest digest;
  std::copy(std::begin(canonical.digest), std::end(canonical.digest), digest.bytes.begin());
  return digest;
}

Sha256 sha256_of(std::string_view bytes) {
  Sha256 digest;
  unsigned size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.bytes.data(), &size, EVP_sha256(), nullptr) != 1) std::abort();
  return digest;
}

std::optional<Digest> digest_from_bytes(std::string_view bytes) { return from_bytes<Digest>(bytes); }
std::optional<Sha256> sha256_from_bytes(std::string_view bytes) { return from_bytes<Sha256>(bytes); }
std::string_view as_bytes(const Digest& digest) { return bytes_of(digest); }
std::string_view as_bytes(const Sha256& digest) { return bytes_of(digest); }
std::string render(const Digest& digest) { return to_hex(digest.bytes); }
std::string render(const Sha256& digest) { return to_hex(digest.bytes); }

std::string to_hex(std::span<const std::uint8_t> bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::uint8_t byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

}  // namespace ondol
