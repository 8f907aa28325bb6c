#include "common/pki/native.h"

#include <openssl/core_names.h>
#include <openssl/err.h>

#include <array>

namespace ondol::pki {

tl::unexpected<Error> openssl_failed(Errc code, const std::string& what) {
  const unsigned long number = ERR_peek_last_error();
  const char* reason = number == 0 ? nullptr : ERR_reason_error_string(number);
  ERR_clear_error();
  return fail(code, reason == nullptr ? what : what + ": " + reason);
}

const unsigned char* unsigned_bytes(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

std::string text_of(BIO* memory) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

BioPtr open_memory(std::string_view text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::time_t seconds_of(WallTime t) {
  return static_cast<std::time_t>(std::chrono::floor<Seconds>(t.time_since_epoch()).count());
}

namespace {

std::string text_parameter(const EVP_PKEY* key, const char* name) {
  std::array<char, 64> text{};
  std::size_t size = 0;
  if (EVP_PKEY_get_utf8_string_param(key, name, text.data(), text.size(), &size) != 1) return {};
  return {text.data(), size};
}

}  // namespace

bool is_p256(const EVP_PKEY* key) {
  if (key == nullptr || EVP_PKEY_get_base_id(key) != EVP_PKEY_EC) return false;
  const bool named = text_parameter(key, OSSL_PKEY_PARAM_EC_ENCODING) == OSSL_PKEY_EC_ENCODING_GROUP;
  const bool p256 = text_parameter(key, OSSL_PKEY_PARAM_GROUP_NAME) == SN_X9_62_prime256v1;
  ERR_clear_error();
  return named && p256;
}

std::string spki_der(const EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  if (size <= 0) return {};
  std::string bytes(reinterpret_cast<char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return bytes;
}

}  // namespace ondol::pki
