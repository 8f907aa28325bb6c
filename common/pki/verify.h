// Judges certificates and signatures: by our CA, for one purpose, at a time that the caller gives.
#pragma once

#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/base/result.h"
#include "common/pki/certificate.h"
#include "common/pki/key.h"

namespace ondol::pki {

enum class Purpose { kServer, kAgent };

// The certificate is signed by the CA, is no CA itself, states exactly the purpose's extended key usage, and
// both are valid at `at`. Errors: kRefused; a wrong time says both times and which clock to look at.
Result<CertificateFacts> verify_certificate(const Certificate& certificate, const Certificate& ca,
                                            Purpose purpose, WallTime at);

// verify_certificate for an agent, and its one SAN names a host: whom the holder of the key speaks for.
Result<HostId> verify_agent(const Certificate& certificate, const Certificate& ca, WallTime at);

// verify_certificate for a server, and its names hold `name` (DNS without case, or an address).
Result<void> verify_server(const Certificate& certificate, const Certificate& ca, const std::string& name,
                           WallTime at);

// The CA is self-signed, a CA, P-256, and valid at `at`.
Result<void> verify_ca(const Certificate& ca, WallTime at);

Result<void> verify_pair(const Key& key,
                         const Certificate& certificate);  // kInvalidInput: they do not belong together

// ECDSA-SHA256 by the certificate's key, which must be P-256. kRefused when it is not its signature.
Result<void> verify_signature(const Certificate& certificate, std::string_view bytes,
                              std::string_view signature);

}  // namespace ondol::pki
