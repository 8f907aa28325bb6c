#include "common/pki/certificate.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <array>
#include <ctime>

#include "common/pki/native.h"

namespace ondol::pki {
namespace {

constexpr std::size_t kDerLimit = 16 * 1024;
constexpr std::size_t kPemLimit = 64 * 1024;
constexpr std::size_t kChainLimit = 8;
constexpr std::string_view kHostUri = "ondol://host/";

using GeneralNamesPtr = std::unique_ptr<GENERAL_NAMES, Freed<GENERAL_NAMES_free>>;
using ConstraintsPtr = std::unique_ptr<BASIC_CONSTRAINTS, Freed<BASIC_CONSTRAINTS_free>>;
using UsagePtr = std::unique_ptr<EXTENDED_KEY_USAGE, Freed<EXTENDED_KEY_USAGE_free>>;
using BignumPtr = std::unique_ptr<BIGNUM, Freed<BN_free>>;

Certificate own(X509Ptr x509) {
  return Certificate{std::make_shared<const CertificateState>(CertificateState{std::move(x509)})};
}

std::string bytes_of(const ASN1_STRING* string) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
          static_cast<std::size_t>(ASN1_STRING_length(string))};
}

Result<WallTime> time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1)
    return openssl_failed(Errc::kInvalidInput, "the certificate has an unreadable time");
  // Years outside what 64-bit nanoseconds hold (1677 to 2262) are no dates of ours.
  if (parts.tm_year < 1970 - 1900 || parts.tm_year > 2200 - 1900) {
    return fail(Errc::kInvalidInput, "the certificate has a time outside the years 1970 to 2200");
  }
  return WallTime{Seconds{timegm(&parts)}};
}

std::string serial_of(const X509* x509) {
  const BignumPtr number(ASN1_INTEGER_to_BN(X509_get0_serialNumber(x509), nullptr));
  if (!number) return {};
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(BN_num_bytes(number.get())));
  BN_bn2bin(number.get(), bytes.data());
  return to_hex(bytes);
}

std::string address_text(const std::string& bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = bytes.size() == 4 ? AF_INET : AF_INET6;
  if (bytes.size() != 4 && bytes.size() != 16) return {};
  return inet_ntop(family, bytes.data(), text.data(), text.size()) == nullptr ? "" : text.data();
}

std::optional<HostId> host_of(const std::string& uri) {
  if (!uri.starts_with(kHostUri)) return std::nullopt;
  const std::string name = uri.substr(kHostUri.size());
  return valid_host_name(name) ? std::optional(HostId{name}) : std::nullopt;
}

// Unreadable or repeated extensions are errors, an absent one is none.
template <typename Pointer>
Result<Pointer> read_extension(const X509* x509, int nid) {
  int critical = 0;
  using Type = typename Pointer::element_type;
  Pointer extension(static_cast<Type*>(X509_get_ext_d2i(x509, nid, &critical, nullptr)));
  ERR_clear_error();
  if (!extension && critical != -1)
    return fail(Errc::kInvalidInput, "the certificate has an unreadable or repeated extension");
  return extension;
}

Result<void> read_names(const X509* x509, CertificateFacts& facts) {
  const auto names = read_extension<GeneralNamesPtr>(x509, NID_subject_alt_name);
  if (!names) return fail(names.error());
  const int count = *names ? sk_GENERAL_NAME_num(names->get()) : 0;
  for (int i = 0; i < count; ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names->get(), i);
    if (name->type == GEN_DNS) facts.names.push_back(bytes_of(name->d.dNSName));
    if (name->type == GEN_IPADD) facts.names.push_back(address_text(bytes_of(name->d.iPAddress)));
    if (name->type == GEN_URI && count == 1)
      facts.host = host_of(bytes_of(name->d.uniformResourceIdentifier));
  }
  return {};
}

// As stated, whatever the key usage says: X509_check_ca calls a CA:TRUE without keyCertSign no CA.
Result<void> read_constraints(const X509* x509, CertificateFacts& facts) {
  const auto constraints = read_extension<ConstraintsPtr>(x509, NID_basic_constraints);
  if (!constraints) return fail(constraints.error());
  facts.is_ca = *constraints && (*constraints)->ca != 0;
  return {};
}

Result<void> read_usages(const X509* x509, CertificateFacts& facts) {
  const auto usages = read_extension<UsagePtr>(x509, NID_ext_key_usage);
  if (!usages) return fail(usages.error());
  const int count = *usages ? sk_ASN1_OBJECT_num(usages->get()) : 0;
  for (int i = 0; i < count; ++i) {
    const int nid = OBJ_obj2nid(sk_ASN1_OBJECT_value(usages->get(), i));
    facts.client_auth = facts.client_auth || nid == NID_client_auth;
    facts.server_auth = facts.server_auth || nid == NID_server_auth;
  }
  return {};
}

// As it stands in the certificate: to encode the key anew costs as much as a signature.
std::string spki_of(const X509* x509) {
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x509), &der);
  if (size <= 0) return {};
  std::string bytes(reinterpret_cast<char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return bytes;
}

}  // namespace

Result<Certificate> parse_certificate_der(std::string_view der) {
  if (der.size() > kDerLimit) return fail(Errc::kLimit, "the certificate is longer than 16 KiB");
  const unsigned char* position = unsigned_bytes(der);
  X509Ptr x509(d2i_X509(nullptr, &position, static_cast<long>(der.size())));
  if (!x509) return openssl_failed(Errc::kInvalidInput, "not a certificate in DER");
  if (position != unsigned_bytes(der) + der.size())
    return fail(Errc::kInvalidInput, "bytes follow the certificate");
  return own(std::move(x509));
}

Result<std::vector<Certificate>> parse_certificates(std::string_view pem) {
  if (pem.size() > kPemLimit) return fail(Errc::kLimit, "the certificates are longer than 64 KiB");
  ERR_clear_error();
  const BioPtr memory = open_memory(pem);
  std::vector<Certificate> chain;
  while (chain.size() <= kChainLimit) {
    X509Ptr x509(PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr));
    if (!x509) break;
    chain.push_back(own(std::move(x509)));
  }
  if (chain.size() > kChainLimit) return fail(Errc::kLimit, "more than 8 certificates in one text");
  // The end of the text shows as "no start line"; anything else is a damaged certificate, not the end.
  const bool ended = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (!ended) return openssl_failed(Errc::kInvalidInput, "a certificate in the text is damaged");
  ERR_clear_error();
  if (chain.empty()) return fail(Errc::kInvalidInput, "no certificate in the text");
  return chain;
}

Result<Certificate> parse_certificate(std::string_view pem) {
  auto chain = parse_certificates(pem);
  if (!chain) return fail(chain.error());
  return chain->front();
}

std::string render_der(const Certificate& certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate.state->x509.get(), &der);
  if (size <= 0) return {};
  std::string bytes(reinterpret_cast<char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return bytes;
}

std::string render_pem(const Certificate& certificate) {
  const BioPtr memory(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(memory.get(), certificate.state->x509.get());
  return text_of(memory.get());
}

Result<CertificateFacts> certificate_facts(const Certificate& certificate) {
  X509* x509 = certificate.state->x509.get();
  const auto not_before = time_of(X509_get0_notBefore(x509));
  if (!not_before) return fail(not_before.error());
  const auto not_after = time_of(X509_get0_notAfter(x509));
  if (!not_after) return fail(not_after.error());
  if (X509_get0_pubkey(x509) == nullptr)
    return openssl_failed(Errc::kInvalidInput, "the certificate has an unreadable public key");
  CertificateFacts facts;
  facts.serial = serial_of(x509);
  facts.not_before = *not_before;
  facts.not_after = *not_after;
  facts.spki = sha256_of(spki_of(x509));
  ONDOL_TRY(read_constraints(x509, facts));
  ONDOL_TRY(read_names(x509, facts));
  ONDOL_TRY(read_usages(x509, facts));
  return facts;
}

Sha256 certificate_der_hash(const Certificate& certificate) { return sha256_of(render_der(certificate)); }

std::string normal_name(const std::string& name) {
  std::array<char, 16> address{};
  if (inet_pton(AF_INET, name.c_str(), address.data()) == 1) return address_text({address.data(), 4});
  if (inet_pton(AF_INET6, name.c_str(), address.data()) == 1) return address_text({address.data(), 16});
  std::string lower = name;
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return lower;
}

std::string host_uri(const HostId& host) { return std::string(kHostUri) + host.value; }

}  // namespace ondol::pki
