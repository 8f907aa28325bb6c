#include "common/pki/verify.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include <algorithm>

#include "common/pki/native.h"

namespace ondol::pki {
namespace {

using StorePtr = std::unique_ptr<X509_STORE, Freed<X509_STORE_free>>;
using StoreContextPtr = std::unique_ptr<X509_STORE_CTX, Freed<X509_STORE_CTX_free>>;

tl::unexpected<Error> refuse(std::string message, std::string remedy = {}) {
  return fail(Errc::kRefused, std::move(message), {}, std::move(remedy));
}

Result<void> judge_time(const std::string& whose, const CertificateFacts& facts, WallTime at) {
  if (at < facts.not_before) {
    return refuse(whose + " is not yet valid: it begins at " + render(facts.not_before) +
                      ", and the clock here says " + render(at),
                  "set this machine's clock");
  }
  // OpenSSL's path check also ends at, not after, the last second.
  if (at >= facts.not_after) {
    return refuse(
        whose + " expired at " + render(facts.not_after) + ", and the clock here says " + render(at),
        "renew it, or set this machine's clock");
  }
  return {};
}

Result<void> judge_purpose(const CertificateFacts& facts, Purpose purpose) {
  if (facts.is_ca) return refuse("the certificate is a CA, not a leaf");
  switch (purpose) {
    case Purpose::kServer:
      if (facts.server_auth && !facts.client_auth) return {};
      return refuse("the certificate is not a server's");
    case Purpose::kAgent:
      if (facts.client_auth && !facts.server_auth) return {};
      return refuse("the certificate is not an agent's");
  }
  return refuse("the certificate has no purpose");
}

// OpenSSL's own path check, strict, with depth 0: nothing between the leaf and the CA.
Result<void> judge_path(X509* leaf, X509* ca, Purpose purpose, WallTime at) {
  const StorePtr store(X509_STORE_new());
  const StoreContextPtr context(X509_STORE_CTX_new());
  if (!store || !context || X509_STORE_add_cert(store.get(), ca) != 1 ||
      X509_STORE_CTX_init(context.get(), store.get(), leaf, nullptr) != 1) {
    return openssl_failed(Errc::kRefused, "the chain could not be checked");
  }
  X509_VERIFY_PARAM* parameters = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_time(parameters, seconds_of(at));
  X509_VERIFY_PARAM_set_depth(parameters, 0);
  X509_VERIFY_PARAM_set_auth_level(parameters, 2);
  X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_X509_STRICT | X509_V_FLAG_CHECK_SS_SIGNATURE);
  X509_VERIFY_PARAM_set_purpose(
      parameters, purpose == Purpose::kServer ? X509_PURPOSE_SSL_SERVER : X509_PURPOSE_SSL_CLIENT);
  const bool good = X509_verify_cert(context.get()) == 1;
  ERR_clear_error();
  if (good) return {};
  return refuse(std::string("the certificate is not one of this CA: ") +
                X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get())));
}

}  // namespace

Result<CertificateFacts> verify_certificate(const Certificate& certificate, const Certificate& ca,
                                            Purpose purpose, WallTime at) {
  auto facts = certificate_facts(certificate);
  if (!facts) return fail(facts.error());
  ONDOL_TRY(verify_ca(ca, at));
  ONDOL_TRY(judge_time("the certificate", *facts, at));
  ONDOL_TRY(judge_purpose(*facts, purpose));
  ONDOL_TRY(judge_path(certificate.state->x509.get(), ca.state->x509.get(), purpose, at));
  return facts;
}

Result<HostId> verify_agent(const Certificate& certificate, const Certificate& ca, WallTime at) {
  const auto facts = verify_certificate(certificate, ca, Purpose::kAgent, at);
  if (!facts) return fail(facts.error());
  if (!facts->host)
    return refuse("the certificate does not have exactly one SAN of the form ondol://host/NAME");
  return *facts->host;
}

Result<void> verify_server(const Certificate& certificate, const Certificate& ca, const std::string& name,
                           WallTime at) {
  const auto facts = verify_certificate(certificate, ca, Purpose::kServer, at);
  if (!facts) return fail(facts.error());
  const auto named = [wanted = normal_name(name)](const std::string& own) {
    return normal_name(own) == wanted;
  };
  if (std::any_of(facts->names.begin(), facts->names.end(), named)) return {};
  return refuse("the server's certificate does not carry the name " + name, "check collector.server_name");
}

Result<void> verify_ca(const Certificate& ca, WallTime at) {
  const auto facts = certificate_facts(ca);
  if (!facts) return fail(facts.error());
  X509* x509 = ca.state->x509.get();
  EVP_PKEY* key = X509_get0_pubkey(x509);
  const bool self_signed = facts->is_ca && is_p256(key) && X509_verify(x509, key) == 1;
  ERR_clear_error();
  if (!self_signed) return refuse("the certificate is not a self-signed P-256 CA");
  return judge_time("the CA", *facts, at);
}

Result<void> verify_pair(const Key& key, const Certificate& certificate) {
  const bool pair = X509_check_private_key(certificate.state->x509.get(), key.state->pkey.get()) == 1;
  ERR_clear_error();
  if (!pair) return fail(Errc::kInvalidInput, "the key and the certificate do not belong together");
  return {};
}

Result<void> verify_signature(const Certificate& certificate, std::string_view bytes,
                              std::string_view signature) {
  EVP_PKEY* key = X509_get0_pubkey(certificate.state->x509.get());
  if (!is_p256(key)) return refuse("the signing certificate has no P-256 key");
  const DigestContextPtr context(EVP_MD_CTX_new());
  const bool good = context &&
                    EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
                    EVP_DigestVerify(context.get(), unsigned_bytes(signature), signature.size(),
                                     unsigned_bytes(bytes), bytes.size()) == 1;
  ERR_clear_error();
  if (!good) return refuse("the signature is not by the certificate's key");
  return {};
}

}  // namespace ondol::pki
