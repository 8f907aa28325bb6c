#include "collector/enroll/decode_request.h"

#include "common/pki/csr.h"
#include "common/pki/enroll_frame.h"
#include "ondol/v1/enroll.pb.h"

namespace ondol::enroll {
namespace {

Result<void> bound(const char* what, const std::string& bytes, std::size_t limit) {
  if (bytes.empty()) return fail(Errc::kInvalidInput, std::string("the request has no ") + what);
  if (bytes.size() <= limit) return {};
  return fail(Errc::kLimit,
              std::string("the ") + what + " is longer than " + std::to_string(limit) + " bytes");
}

Result<Request> decode_first(const v1::FirstEnrolment& first) {
  ONDOL_TRY(bound("token", first.token(), kTokenLimit));
  ONDOL_TRY(bound("signing request", first.csr_der(), pki::kCsrLimit));
  return Request(FirstEnrolment{first.token(), first.csr_der()});
}

Result<Request> decode_renewal(const v1::Renewal& renewal) {
  ONDOL_TRY(bound("certificate", renewal.certificate_der(), kCertificateLimit));
  ONDOL_TRY(bound("signing request", renewal.csr_der(), pki::kCsrLimit));
  ONDOL_TRY(bound("signature", renewal.signature(), kSignatureLimit));
  return Request(Renewal{renewal.certificate_der(), renewal.csr_der(), renewal.signature()});
}

}  // namespace

Result<Request> decode_request(std::string_view message) {
  if (message.size() > pki::kFrameLimit) return fail(Errc::kLimit, "the request is longer than a frame");
  v1::EnrollRequest request;
  if (!request.ParseFromArray(message.data(), static_cast<int>(message.size()))) {
    return fail(Errc::kInvalidInput, "not an enrolment request");
  }
  switch (request.what_case()) {
    case v1::EnrollRequest::kFirst:
      return decode_first(request.first());
    case v1::EnrollRequest::kRenewal:
      return decode_renewal(request.renewal());
    case v1::EnrollRequest::WHAT_NOT_SET:
      break;
  }
  return fail(Errc::kInvalidInput, "the request is neither a first enrolment nor a renewal", {},
              "the agent and the collector may differ in version");
}

}  // namespace ondol::enroll
