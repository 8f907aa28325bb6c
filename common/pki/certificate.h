// A certificate as a value: parsed once, its facts read out in our own types.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/ids.h"
#include "common/base/result.h"

namespace ondol::pki {

struct CertificateState;

// Cheap to copy: shares one immutable certificate. Thread: any.
struct Certificate {
  std::shared_ptr<const CertificateState> state;
};

struct CertificateFacts {
  std::string serial;  // hexadecimal, lower case, no leading zeros beyond whole bytes
  std::optional<HostId>
      host;  // only when the SAN is exactly one URI ondol://host/NAME and NAME is a valid host name
  std::vector<std::string> names;  // DNS names and addresses of the SAN, in its order
  WallTime not_before{}, not_after{};
  Sha256 spki;  // of the public key
  bool is_ca = false;
  bool client_auth = false, server_auth = false;  // the extended key usages, only when stated
  bool operator==(const CertificateFacts&) const = default;
};

// Limits: 16 KiB DER, 64 KiB PEM, 8 certificates in a chain. kInvalidInput otherwise and for trailing bytes
// in DER.
Result<Certificate> parse_certificate_der(std::string_view der);
Result<Certificate> parse_certificate(std::string_view pem);  // the first one of the text
Result<std::vector<Certificate>> parse_certificates(std::string_view pem);

std::string render_der(const Certificate& certificate);
std::string render_pem(const Certificate& certificate);

// kInvalidInput when a time or an extension in it cannot be read.
Result<CertificateFacts> certificate_facts(const Certificate& certificate);

Sha256 certificate_der_hash(const Certificate& certificate);

// One spelling per name: addresses as the system writes them, DNS names in lower case.
std::string normal_name(const std::string& name);

// "ondol://host/NAME": the one URI in an agent's certificate.
std::string host_uri(const HostId& host);

}  // namespace ondol::pki
