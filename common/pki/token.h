// The enrolment token that a person carries from the collector to a new host: one use, ten minutes, one
// record.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "common/base/digest.h"
#include "common/base/result.h"

namespace ondol::pki {

inline constexpr auto kTokenLifetime = std::chrono::minutes(10);

// "ondol1.<secret>.<ca_hash>". The secret is 43 characters of base64url (32 random bytes): never stored,
// never logged. ca_hash is the SHA-256 of the CA certificate's DER: what lets a host that knows nothing trust
// the right collector.
struct Token {
  std::string secret;
  Sha256 ca_hash;
  bool operator==(const Token&) const = default;
};

Token make_token(const Sha256& ca_hash);
std::string render_token(const Token& token);
Result<Token> parse_token(std::string_view text);  // kInvalidInput says which part is wrong and how

// What the store keeps instead of the token.
Sha256 token_hash(const Token& token);

}  // namespace ondol::pki
