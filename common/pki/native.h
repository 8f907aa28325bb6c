// OpenSSL's types with an owner each; included by the sources of this folder only, never by its public
// headers.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <ctime>
#include <memory>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/base/result.h"

namespace ondol::pki {

template <auto Free>
struct Freed {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};

using BioPtr = std::unique_ptr<BIO, Freed<BIO_free_all>>;
using PkeyPtr = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using DigestContextPtr = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;
using X509Ptr = std::unique_ptr<X509, Freed<X509_free>>;
using RequestPtr = std::unique_ptr<X509_REQ, Freed<X509_REQ_free>>;

struct KeyState {
  PkeyPtr pkey;
};
struct CertificateState {
  X509Ptr x509;
};
struct CsrState {
  RequestPtr request;
};

// The error of the last OpenSSL call, whose queue it empties: "<what>: <OpenSSL's reason>".
tl::unexpected<Error> openssl_failed(Errc code, const std::string& what);

const unsigned char* unsigned_bytes(std::string_view bytes);
std::string text_of(BIO* memory);
BioPtr open_memory(std::string_view text);
std::time_t seconds_of(WallTime t);
bool is_p256(const EVP_PKEY* key);
std::string spki_der(const EVP_PKEY* key);

}  // namespace ondol::pki
