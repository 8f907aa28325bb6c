#include "common/pki/key.h"

#include <openssl/ec.h>
#include <openssl/pem.h>

#include "common/pki/native.h"

namespace ondol::pki {
namespace {

constexpr std::size_t kKeyPemLimit = 8192;  // bytes; a P-256 key in PEM has about 240

// A key file with a passphrase is refused instead of asking a terminal that no service has.
int refuse_passphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*context*/) { return -1; }

Key own(PkeyPtr pkey) { return Key{std::make_shared<const KeyState>(KeyState{std::move(pkey)})}; }

}  // namespace

Result<Key> make_key() {
  PkeyPtr pkey(EVP_EC_gen(SN_X9_62_prime256v1));
  if (!pkey) return openssl_failed(Errc::kUnsupported, "no P-256 key could be made");
  return own(std::move(pkey));
}

Result<Key> parse_key(std::string_view pem) {
  if (pem.size() > kKeyPemLimit) return fail(Errc::kLimit, "the key is longer than 8 KiB");
  const BioPtr memory = open_memory(pem);
  PkeyPtr pkey(PEM_read_bio_PrivateKey(memory.get(), nullptr, refuse_passphrase, nullptr));
  if (!pkey) return openssl_failed(Errc::kInvalidInput, "not a private key in PEM without a passphrase");
  if (!is_p256(pkey.get())) return fail(Errc::kInvalidInput, "the key is not a P-256 key");
  return own(std::move(pkey));
}

Result<std::string> render_key(const Key& key) {
  // Secure memory is asked for: the buffer is wiped when it is freed.
  const BioPtr memory(BIO_new(BIO_s_secmem()));
  const EVP_PKEY* pkey = key.state->pkey.get();
  if (PEM_write_bio_PKCS8PrivateKey(memory.get(), pkey, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return openssl_failed(Errc::kInvalidInput, "the key cannot be written as PEM");
  }
  return text_of(memory.get());
}

Sha256 spki_hash(const Key& key) { return sha256_of(spki_der(key.state->pkey.get())); }

Result<std::string> sign_bytes(const Key& key, std::string_view bytes) {
  const DigestContextPtr context(EVP_MD_CTX_new());
  std::size_t size = 0;
  if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.state->pkey.get()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, unsigned_bytes(bytes), bytes.size()) != 1) {
    return openssl_failed(Errc::kInvalidInput, "the key cannot sign");
  }
  std::string signature(size, '\0');
  auto* out = reinterpret_cast<unsigned char*>(signature.data());
  if (EVP_DigestSign(context.get(), out, &size, unsigned_bytes(bytes), bytes.size()) != 1) {
    return openssl_failed(Errc::kInvalidInput, "the key cannot sign");
  }
  signature.resize(size);
  return signature;
}

}  // namespace ondol::pki
