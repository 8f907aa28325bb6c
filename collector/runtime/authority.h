// The collector's own certificate authority and server identity: made at the first start, renewed before they
// age.
#pragma once

#include <string>
#include <vector>

#include "common/pki/identity_dir.h"
#include "common/pki/issue.h"

namespace ondol::collector {

inline constexpr const char* kServerName = "ondol-collector";  // always in the server certificate

struct AuthorityPaths {
  explicit AuthorityPaths(const std::string& state_dir)
      : authority(state_dir + "/ca"), identity(state_dir + "/identity"), current(identity + "/current") {}
  std::string authority;  // ca.pem, ca-key.pem
  std::string identity;   // generations of server identities
  std::string current;    // server.pem, server-key.pem, ca.pem
};

// Reads the authority, or makes it when neither its directory nor a server identity is there; a crash while
// making leaves none. kCorrupt when it is damaged or gone, kRefused when others can read its key: nothing is
// made anew then, because every host trusts the old one.
Result<pki::Ca> open_authority(const AuthorityPaths& paths, WallTime now);

struct ServerIdentity {
  pki::CertificateFacts facts;
  bool renewed = false;  // a new one was written by this call
};
// The current server identity, made anew when there is none, when half of its life is over or when `names`
// differ.
Result<ServerIdentity> ensure_server_identity(const AuthorityPaths& paths, const pki::Ca& ca,
                                              std::vector<std::string> names, WallTime now);

}  // namespace ondol::collector
