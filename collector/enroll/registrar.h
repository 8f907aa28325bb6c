// Judges one request and answers it: a certificate that is on record, or a reason with its remedy.
#pragma once

#include <string>
#include <string_view>

#include "collector/enroll/decode_request.h"
#include "collector/enroll/enroll_backend.h"
#include "common/pki/issue.h"

namespace ondol::enroll {

inline constexpr auto kLateRenewalLimit = std::chrono::hours(24) * 30;  // after its end, on proof of its key

enum class Outcome { kFirst, kRenewal, kLateRenewal, kRefused };

struct Answer {
  std::string reply;  // serialised v1::EnrollReply
  Outcome outcome = Outcome::kRefused;
  std::string error_code;  // of kRefused
  std::string subject;     // the host when it is known, for the log
  std::string message;     // one sentence for the log; never holds a token
};

Answer answer_busy();

// Thread: one. The order is the safety: the whole request is judged before a token is used up or a
// certificate issued, and a certificate is on record before it is in an answer.
class Registrar {
 public:
  Registrar(pki::Ca ca, EnrollBackend& backend) : ca_(std::move(ca)), backend_(backend) {}

  // `nonce`: the challenge of this connection, and of no other.
  Answer answer(std::string_view nonce, std::string_view message, WallTime now);

 private:
  Answer answer_first(const FirstEnrolment& request, WallTime now);
  Answer answer_renewal(const Renewal& request, std::string_view nonce, WallTime now);
  Answer hand_out(const pki::Csr& csr, const HostId& host, Outcome outcome, WallTime now);

  pki::Ca ca_;
  EnrollBackend& backend_;
};

}  // namespace ondol::enroll
