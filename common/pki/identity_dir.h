// A directory of identities (key, certificate, CA) whose `current` link always names a whole and fitting one.
#pragma once

#include <string>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/pki/certificate.h"
#include "common/pki/verify.h"

namespace ondol::pki {

// Agent: current/{key.pem,certificate.pem,ca.pem}. Collector: current/{server-key.pem,server.pem,ca.pem}.
struct IdentityFiles {
  std::string key, certificate, ca;
};
IdentityFiles identity_files(Purpose purpose);

struct Identity {
  std::string key_pem;
  std::string certificate_pem;  // the chain, leaf first
  std::string ca_pem;
  bool operator==(const Identity&) const = default;
};

// Whose identity belongs in this directory: an agent's host name, or a name that the server's certificate
// must carry.
struct IdentityOwner {
  Purpose purpose = Purpose::kAgent;
  std::string name;
};

// Key and certificate are a pair, the certificate is the CA's, of this owner, and valid now.
Result<CertificateFacts> verify_identity(const Identity& identity, const IdentityOwner& owner, WallTime now);

// Verifies, writes a new generation directory, syncs it, reads it back and swaps the link `current` to it.
// The generation before stays, older and unfinished ones go. A crash or an error at any step leaves the old
// identity or the new one. Files: key 0600, in directories of 0700. Errors: those of verify_identity;
// kConflict when another process writes; kIo.
Result<CertificateFacts> write_identity(const std::string& directory, const Identity& identity,
                                        const IdentityOwner& owner, WallTime now);

// The three files of one generation; a link is followed once, so that a swap meanwhile cannot mix two
// generations.
Result<Identity> read_generation(const std::string& path, Purpose purpose);

// What `current` names, unjudged. kNotFound: there was never one.
Result<Identity> read_identity(const std::string& directory, Purpose purpose);

// The facts of the current certificate, however old it is.
Result<CertificateFacts> read_identity_facts(const std::string& directory, Purpose purpose);

}  // namespace ondol::pki
