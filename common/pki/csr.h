// A certificate signing request: what a host's new key says of itself, and nothing else that it may ask for.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "common/base/digest.h"
#include "common/base/result.h"
#include "common/pki/key.h"

namespace ondol::pki {

struct CsrState;

// A request whose key is P-256 and whose signature was checked: parse_csr makes no other.
struct Csr {
  std::shared_ptr<const CsrState> state;
};

inline constexpr std::size_t kCsrLimit = 4096;  // bytes of DER

Result<std::string> make_csr(const Key& key);  // DER, without names: the collector decides them

// Limits: kCsrLimit. Extensions, attributes and the subject in it are ignored.
// Errors: kLimit, or kInvalidInput for a key other than P-256, a wrong signature, trailing bytes.
Result<Csr> parse_csr(std::string_view der);

Sha256 spki_hash(const Csr& csr);

}  // namespace ondol::pki
