#include "common/pki/enroll_frame.h"

#include <cstdint>

namespace ondol::pki {

Result<std::string> encode_frame(std::string_view message) {
  if (message.empty() || message.size() > kFrameLimit) {
    return fail(Errc::kLimit, "a frame holds 1 to 16384 bytes, not " + std::to_string(message.size()));
  }
  std::string frame;
  for (const int shift : {24, 16, 8, 0}) frame += static_cast<char>((message.size() >> shift) & 255);
  frame += message;
  return frame;
}

Result<std::size_t> decode_frame_size(std::string_view header) {
  if (header.size() != kFrameHeader) return fail(Errc::kInvalidInput, "a frame begins with 4 bytes");
  std::size_t size = 0;
  for (const char c : header) size = (size << 8) | static_cast<std::uint8_t>(c);
  if (size == 0 || size > kFrameLimit) {
    return fail(Errc::kLimit, "a frame holds 1 to 16384 bytes, not " + std::to_string(size));
  }
  return size;
}

std::string renewal_text(std::string_view nonce, std::string_view csr_der) {
  return "ondol renewal 1" + std::string(nonce) + std::string(csr_der);
}

}  // namespace ondol::pki
