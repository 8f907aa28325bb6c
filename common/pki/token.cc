#include "common/pki/token.h"

#include <algorithm>

#include "common/pki/bytes.h"

namespace ondol::pki {
namespace {

constexpr std::string_view kPrefix = "ondol1";
constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kSecretSize = 43;
constexpr std::size_t kHashSize = 64;

tl::unexpected<Error> refuse(std::string message) {
  return fail(Errc::kInvalidInput, "the token " + message, {},
              "paste the whole line that `ondolctl enroll token create` printed");
}

}  // namespace

Token make_token(const Sha256& ca_hash) { return {render_base64url(random_bytes(kSecretBytes)), ca_hash}; }

std::string render_token(const Token& token) {
  return std::string(kPrefix) + "." + token.secret + "." + render(token.ca_hash);
}

Result<Token> parse_token(std::string_view text) {
  if (text.empty()) return refuse("is empty");
  if (text.find_first_of(" \t\r\n") != std::string_view::npos) return refuse("has white space in it");
  const std::size_t dots = static_cast<std::size_t>(std::count(text.begin(), text.end(), '.'));
  if (dots != 2) return refuse("does not have three parts divided by dots");
  const std::size_t first = text.find('.');
  const std::size_t second = text.find('.', first + 1);
  if (text.substr(0, first) != kPrefix) return refuse("does not begin with ondol1.");
  const std::string_view secret = text.substr(first + 1, second - first - 1);
  const std::string_view hash = text.substr(second + 1);
  if (secret.size() != kSecretSize) {
    return refuse("has a second part of " + std::to_string(secret.size()) + " characters instead of 43");
  }
  if (!parse_base64url(secret)) return refuse("has a second part that is not base64url");
  if (hash.size() != kHashSize) {
    return refuse("has a third part of " + std::to_string(hash.size()) + " characters instead of 64");
  }
  const auto ca_hash = parse_sha256_hex(hash);
  if (!ca_hash) return refuse("has a third part that is not hexadecimal");
  return Token{std::string(secret), *ca_hash};
}

Sha256 token_hash(const Token& token) { return sha256_of(token.secret); }

}  // namespace ondol::pki
