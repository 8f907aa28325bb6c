// One EnrollRequest as plain values, with every length checked before anything is done with it.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "common/base/result.h"

namespace ondol::enroll {

inline constexpr std::size_t kTokenLimit = 256;         // bytes; ours have 115
inline constexpr std::size_t kCertificateLimit = 4096;  // bytes of DER; ours have about 500
inline constexpr std::size_t kSignatureLimit = 128;     // bytes; P-256 has at most 72

struct FirstEnrolment {
  std::string token, csr_der;
  bool operator==(const FirstEnrolment&) const = default;
};
struct Renewal {
  std::string certificate_der, csr_der, signature;
  bool operator==(const Renewal&) const = default;
};
using Request = std::variant<FirstEnrolment, Renewal>;

// Errors: kInvalidInput or kLimit. The CSR is bounded here and judged by pki::parse_csr.
Result<Request> decode_request(std::string_view message);

}  // namespace ondol::enroll
