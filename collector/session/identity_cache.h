// Whom a client certificate names. Reading one costs a fifth of a handshake, so those read before are
// remembered.
#pragma once

#include <grpcpp/grpcpp.h>

#include <cstring>
#include <string>
#include <string_view>
#include <unordered_map>

#include "common/base/digest.h"
#include "common/base/ids.h"
#include "common/base/result.h"

namespace ondol::collector {

// Who the certificate says is calling.
struct PeerIdentity {
  HostId host;
  std::string serial;
  std::string peer;  // "ipv4:10.0.0.1:4711"
};

// Thread: the loop's. Only what a handshake has verified comes here; whether it is revoked is asked anew each
// time. Limits: 16,384 certificates; then it begins anew.
class IdentityCache {
 public:
  // From the call's authentication facts; an error unless the certificate names exactly one host.
  Result<PeerIdentity> read(const grpc::ServerContext& context);
  // The certificate alone: the peer is left empty.
  Result<PeerIdentity> read(std::string_view pem);
  std::size_t size() const { return known_.size(); }

 private:
  struct Hash {
    std::size_t operator()(const Sha256& digest) const {
      std::size_t first = 0;
      std::memcpy(&first, digest.bytes.data(), sizeof(first));
      return first;
    }
  };

  std::unordered_map<Sha256, PeerIdentity, Hash> known_;
};

}  // namespace ondol::collector
