// Gets this host its certificate: the first one for a token, each next one on proof of the last one's key.
#pragma once

#include <string>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/pki/identity_dir.h"

namespace ondol::agent {

struct EnrollTarget {
  std::string address;                          // host:port of the collector's enrolment
  std::string server_name = "ondol-collector";  // what the collector's certificate must carry
  std::string identity_dir;
  Milliseconds limit{15'000};  // over the whole conversation; the name lookup has the resolver's own
};

// Both block, and both write the identity directory only when key, certificate and CA fit together and name
// this host: on any error what was there stays. The new key is made here and never sent. Errors: kUnavailable
// and kIo: try again later. kRefused, kInvalidInput, kNotFound: a person must act, and the remedy says how.
// kConflict: another process writes the identity directory. Thread: any; not two for one directory.

// The CA is trusted because the token carries its hash; it is kept as ca.pem.
Result<pki::CertificateFacts> enroll(const EnrollTarget& target, const std::string& token, WallTime now);

// The collector is trusted by ca.pem. Also with a certificate that expired up to 30 days ago. The host stays
// the same.
Result<pki::CertificateFacts> renew(const EnrollTarget& target, WallTime now);

}  // namespace ondol::agent
