#include "common/pki/csr.h"

#include "common/pki/native.h"

namespace ondol::pki {
namespace {

std::string algorithm_of(const EVP_PKEY* key) {
  const char* name = EVP_PKEY_get0_type_name(key);
  return name == nullptr ? "unknown" : name;
}

}  // namespace

Result<std::string> make_csr(const Key& key) {
  const RequestPtr request(X509_REQ_new());
  EVP_PKEY* pkey = key.state->pkey.get();
  if (!request || X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) != 1 ||
      X509_REQ_set_pubkey(request.get(), pkey) != 1 ||
      X509_REQ_sign(request.get(), pkey, EVP_sha256()) <= 0) {
    return openssl_failed(Errc::kInvalidInput, "no signing request could be made");
  }
  unsigned char* der = nullptr;
  const int size = i2d_X509_REQ(request.get(), &der);
  if (size <= 0) return openssl_failed(Errc::kInvalidInput, "no signing request could be made");
  std::string bytes(reinterpret_cast<char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return bytes;
}

Result<Csr> parse_csr(std::string_view der) {
  if (der.size() > kCsrLimit) return fail(Errc::kLimit, "the signing request is longer than 4 KiB");
  const unsigned char* position = unsigned_bytes(der);
  RequestPtr request(d2i_X509_REQ(nullptr, &position, static_cast<long>(der.size())));
  if (!request) return openssl_failed(Errc::kInvalidInput, "not a signing request in DER");
  if (position != unsigned_bytes(der) + der.size())
    return fail(Errc::kInvalidInput, "bytes follow the signing request");
  EVP_PKEY* pkey = X509_REQ_get0_pubkey(request.get());
  if (pkey == nullptr)
    return openssl_failed(Errc::kInvalidInput, "the signing request has an unreadable key");
  // The key is judged before its signature is computed: a huge foreign key must not cost its arithmetic.
  if (!is_p256(pkey)) {
    return fail(Errc::kInvalidInput,
                "the signing request has a key of type " + algorithm_of(pkey) + ", only P-256 is accepted");
  }
  if (X509_REQ_get_signature_nid(request.get()) != NID_ecdsa_with_SHA256) {
    return fail(Errc::kInvalidInput, "the signing request is not signed with ECDSA-SHA256");
  }
  if (X509_REQ_verify(request.get(), pkey) != 1) {
    return openssl_failed(Errc::kInvalidInput, "the signing request has a wrong signature");
  }
  return Csr{std::make_shared<const CsrState>(CsrState{std::move(request)})};
}

Sha256 spki_hash(const Csr& csr) {
  return sha256_of(spki_der(X509_REQ_get0_pubkey(csr.state->request.get())));
}

}  // namespace ondol::pki
