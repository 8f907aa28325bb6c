#include "common/pki/issue.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "common/pki/bytes.h"
#include "common/pki/native.h"

namespace ondol::pki {
namespace {

constexpr std::size_t kNameLimit = 64;
constexpr std::size_t kSerialBytes = 16;

struct Extension {
  int nid;
  std::string value;  // OpenSSL's configuration syntax; only checked names reach it
};

struct Plan {
  std::string common_name;
  WallTime not_before{}, not_after{};
  std::vector<Extension> extensions;
};

bool is_address(const std::string& name) {
  std::array<unsigned char, 16> bytes{};
  return inet_pton(AF_INET, name.c_str(), bytes.data()) == 1 ||
         inet_pton(AF_INET6, name.c_str(), bytes.data()) == 1;
}

bool is_dns_name(const std::string& name) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  };
  return !name.empty() && name.size() <= 253 && name.front() != '.' && name.front() != '-' &&
         std::all_of(name.begin(), name.end(), allowed);
}

Result<std::string> san_of(const std::vector<std::string>& names) {
  if (names.empty() || names.size() > kNameLimit)
    return fail(Errc::kInvalidInput, "a server certificate needs 1 to 64 names");
  std::string text;
  for (const std::string& name : names) {
    const bool address = is_address(name);
    if (!address && !is_dns_name(name))
      return fail(Errc::kInvalidInput, "'" + name + "' is neither a DNS name nor an address");
    text += (text.empty() ? "" : ",") + std::string(address ? "IP:" : "DNS:") + name;
  }
  return text;
}

// 16 random bytes with the top bit pattern 01: positive, never shorter, so that one serial has one text.
bool set_serial(X509* x509) {
  std::string bytes = random_bytes(kSerialBytes);
  bytes[0] = static_cast<char>((bytes[0] & 0x3f) | 0x40);
  const std::unique_ptr<BIGNUM, Freed<BN_free>> number(
      BN_bin2bn(unsigned_bytes(bytes), kSerialBytes, nullptr));
  return number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(x509)) != nullptr;
}

bool set_subject(X509* x509, const std::string& common_name) {
  return X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_ASC,
                                    unsigned_bytes(common_name), static_cast<int>(common_name.size()), -1,
                                    0) == 1;
}

bool set_times(X509* x509, const Plan& plan) {
  return ASN1_TIME_set(X509_getm_notBefore(x509), seconds_of(plan.not_before)) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(x509), seconds_of(plan.not_after)) != nullptr;
}

bool add_extensions(X509* x509, X509* issuer, const std::vector<Extension>& extensions) {
  X509V3_CTX context{};
  X509V3_set_ctx(&context, issuer, x509, nullptr, nullptr, 0);
  for (const Extension& extension : extensions) {
    const std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>> made(
        X509V3_EXT_nconf_nid(nullptr, &context, extension.nid, extension.value.c_str()));
    if (!made || X509_add_ext(x509, made.get(), -1) != 1) return false;
  }
  return true;
}

// issuer null = self-signed by `signer`.
Result<Certificate> sign(const Plan& plan, EVP_PKEY* subject_key, X509* issuer, const Key& signer) {
  X509Ptr x509(X509_new());
  if (!x509 || X509_set_version(x509.get(), X509_VERSION_3) != 1 || !set_serial(x509.get()) ||
      !set_subject(x509.get(), plan.common_name) || !set_times(x509.get(), plan) ||
      X509_set_pubkey(x509.get(), subject_key) != 1) {
    return openssl_failed(Errc::kInvalidInput, "the certificate could not be made");
  }
  X509* authority = issuer == nullptr ? x509.get() : issuer;
  if (X509_set_issuer_name(x509.get(), X509_get_subject_name(authority)) != 1 ||
      !add_extensions(x509.get(), authority, plan.extensions) ||
      X509_sign(x509.get(), signer.state->pkey.get(), EVP_sha256()) <= 0) {
    return openssl_failed(Errc::kInvalidInput, "the certificate could not be signed");
  }
  return Certificate{std::make_shared<const CertificateState>(CertificateState{std::move(x509)})};
}

// A leaf never begins before its CA and never outlives it.
Result<Plan> leaf_plan(const Ca& ca, WallTime now, Nanoseconds lifetime) {
  const auto facts = certificate_facts(ca.certificate);
  if (!facts) return fail(facts.error());
  if (now >= facts->not_after || now < facts->not_before) {
    return fail(Errc::kRefused,
                "the CA is valid from " + render(facts->not_before) + " to " + render(facts->not_after) +
                    ", and it is " + render(now),
                {}, "check the clock; past the end, make a new CA and enrol again");
  }
  Plan plan;
  plan.not_before = std::max<WallTime>(now - kBackdate, facts->not_before);
  plan.not_after = std::min<WallTime>(now + lifetime, facts->not_after);
  plan.extensions = {{NID_basic_constraints, "critical,CA:FALSE"},
                     {NID_key_usage, "critical,digitalSignature"},
                     {NID_subject_key_identifier, "hash"},
                     {NID_authority_key_identifier, "keyid:always"}};
  return plan;
}

}  // namespace

Result<Ca> make_ca(WallTime now) {
  auto key = make_key();
  if (!key) return fail(key.error());
  Plan plan;
  plan.common_name = "Ondol CA " + render(spki_hash(*key)).substr(0, 8);
  plan.not_before = now - kBackdate;
  plan.not_after = now + kCaLifetime;
  plan.extensions = {{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
                     {NID_key_usage, "critical,keyCertSign,cRLSign"},
                     {NID_subject_key_identifier, "hash"}};
  auto certificate = sign(plan, key->state->pkey.get(), nullptr, *key);
  if (!certificate) return fail(certificate.error());
  return Ca{*key, *certificate};
}

Result<Certificate> issue_server_certificate(const Ca& ca, const Key& key,
                                             const std::vector<std::string>& names, WallTime now) {
  const auto san = san_of(names);
  if (!san) return fail(san.error());
  auto plan = leaf_plan(ca, now, kServerLifetime);
  if (!plan) return fail(plan.error());
  plan->common_name = "ondol-collector";
  plan->extensions.push_back({NID_ext_key_usage, "serverAuth"});
  plan->extensions.push_back({NID_subject_alt_name, *san});
  return sign(*plan, key.state->pkey.get(), ca.certificate.state->x509.get(), ca.key);
}

Result<Certificate> issue_agent_certificate(const Ca& ca, const Csr& csr, const HostId& host, WallTime now) {
  if (!valid_host_name(host.value))
    return fail(Errc::kInvalidInput, "'" + host.value + "' is not a host name");
  auto plan = leaf_plan(ca, now, kAgentLifetime);
  if (!plan) return fail(plan.error());
  plan->common_name = host.value;
  plan->extensions.push_back({NID_ext_key_usage, "clientAuth"});
  plan->extensions.push_back({NID_subject_alt_name, "URI:" + host_uri(host)});
  EVP_PKEY* pkey = X509_REQ_get0_pubkey(csr.state->request.get());
  return sign(*plan, pkey, ca.certificate.state->x509.get(), ca.key);
}

}  // namespace ondol::pki
