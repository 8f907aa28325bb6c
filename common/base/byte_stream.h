// Little-endian bytes out and in; reading past the end or over a bound spoils the reader instead of crashing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace ondol {

class ByteWriter {
 public:
  void u8(std::uint8_t value) { bytes_ += static_cast<char>(value); }
  void u32(std::uint32_t value) { integer(value); }
  void u64(std::uint64_t value) { integer(value); }
  void raw(std::string_view bytes) { bytes_ += bytes; }
  void text(std::string_view bytes) {
    u32(static_cast<std::uint32_t>(bytes.size()));
    raw(bytes);
  }
  std::string take() && { return std::move(bytes_); }

 private:
  template <typename Integer>
  void integer(Integer value) {
    for (std::size_t i = 0; i < sizeof(Integer); ++i) bytes_ += static_cast<char>(value >> (8 * i));
  }
  std::string bytes_;
};

// Everything read from a spoiled reader is zero or empty.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}

  std::uint8_t u8() { return static_cast<std::uint8_t>(integer(1)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(integer(4)); }
  std::uint64_t u64() { return integer(8); }
  std::string_view raw(std::size_t size) {
    if (!good_ || size > bytes_.size()) {
      spoil();
      return {};
    }
    const std::string_view taken = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return taken;
  }
  std::string_view text(std::size_t most) {
    const std::uint32_t size = u32();
    if (size > most) spoil();
    return raw(size);
  }
  std::uint32_t count(std::uint32_t most) {
    const std::uint32_t number = u32();
    if (number > most) spoil();
    return good_ ? number : 0;
  }
  void spoil() { good_ = false; }
  bool good() const { return good_; }
  bool at_end() const { return bytes_.empty(); }

 private:
  std::uint64_t integer(std::size_t size) {
    const std::string_view taken = raw(size);
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < taken.size(); ++i) {
      value |= static_cast<std::uint64_t>(static_cast<unsigned char>(taken[i])) << (8 * i);
    }
    return value;
  }
  std::string_view bytes_;
  bool good_ = true;
};

}  // namespace ondol
