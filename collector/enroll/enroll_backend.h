// What enrolment needs of the collector's store, and nothing more.
#pragma once

#include <string>

#include "collector/store/store.h"
#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/ids.h"
#include "common/base/result.h"

namespace ondol::enroll {

// Thread: called from the enrolment thread only; a call may block for one commit.
class EnrollBackend {
 public:
  virtual ~EnrollBackend() = default;

  // Uses the token up, durably: of any number of calls for one token exactly one succeeds. The host is the
  // record it was made for. Errors, each with its own answer to the host: kNotFound unknown, kConflict used,
  // kRefused expired, kInvalidInput its record is gone; any other means "later", and the token is not used
  // up.
  virtual Result<HostId> redeem_token(const Sha256& token_hash, WallTime now) = 0;

  // kNotFound: never issued here.
  virtual Result<store::CertificateRow> find_certificate(const std::string& serial) = 0;

  // Durable, with its audit record, before the certificate is handed out.
  virtual Result<void> record_issued(const store::CertificateRow& row, bool renewal) = 0;
};

}  // namespace ondol::enroll
