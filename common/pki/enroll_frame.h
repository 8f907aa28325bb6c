// The frame that both ends of an enrolment speak: a 4-byte big-endian length, then the message.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace ondol::pki {

inline constexpr std::size_t kFrameHeader = 4;
inline constexpr std::size_t kFrameLimit = 16 * 1024;  // bytes of one message
inline constexpr std::size_t kNonceSize = 32;
inline constexpr std::string_view kEnrollProtocol = "ondol-enroll/1";  // ALPN

Result<std::string> encode_frame(std::string_view message);  // kLimit unless 1 to kFrameLimit bytes

// `header` is exactly kFrameHeader bytes; kLimit unless it says 1 to kFrameLimit.
Result<std::size_t> decode_frame_size(std::string_view header);

// What a renewal signs. The leading words keep the signature from meaning anything in TLS, which uses the
// same key.
std::string renewal_text(std::string_view nonce, std::string_view csr_der);

}  // namespace ondol::pki
