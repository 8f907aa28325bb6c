#include "collector/enroll/registrar.h"

#include <algorithm>

#include "common/base/overload.h"
#include "common/pki/csr.h"
#include "common/pki/enroll_frame.h"
#include "common/pki/token.h"
#include "common/pki/verify.h"
#include "ondol/v1/enroll.pb.h"

namespace ondol::enroll {
namespace {

constexpr const char* kNewToken = "ask for a new one with `ondolctl enroll token create --host HOST`";
constexpr const char* kEnrolAgain =
    "enrol this host again: `ondolctl enroll token create --host HOST`, then `ondol-agent enroll --token "
    "TOKEN`";

Answer refuse(const std::string& code, const std::string& message, const std::string& remedy,
              const std::string& subject = {}) {
  v1::EnrollReply reply;
  reply.set_error_code(code);
  reply.set_error(remedy.empty() ? message : message + ": " + remedy);
  return {reply.SerializeAsString(), Outcome::kRefused, code, subject, message};
}

// Why a token was not redeemed, as the backend's contract says it.
Answer refuse_token(const Error& error) {
  switch (error.code) {
    case Errc::kNotFound:
      return refuse("token_unknown", "this collector does not know the token", kNewToken);
    case Errc::kConflict:
      return refuse("token_used", "the token was already used", kNewToken);
    case Errc::kRefused:
      return refuse("token_expired", "the token has expired; it lasts ten minutes", kNewToken);
    case Errc::kInvalidInput:
      return refuse("record_missing", "the record that the token was made for is gone",
                    "import the host's record, then ask for a new token");
    case Errc::kAlreadyExists:
    case Errc::kLimit:
    case Errc::kUnavailable:
    case Errc::kIo:
    case Errc::kCorrupt:
    case Errc::kUnsupported:
    case Errc::kInterrupted:
      break;
  }
  return refuse("busy", "the collector cannot redeem tokens now: " + error.message, "try again");
}

bool too_old(const pki::CertificateFacts& facts, WallTime now) {
  return now > facts.not_after + kLateRenewalLimit;
}

}  // namespace

Answer answer_busy() {
  return refuse("busy", "too many enrolments from this address", "try again in some seconds");
}

Answer Registrar::answer(std::string_view nonce, std::string_view message, WallTime now) {
  const auto request = decode_request(message);
  if (!request) return refuse("request_invalid", request.error().message, request.error().remedy);
  return std::visit(Overload{[&](const FirstEnrolment& first) { return answer_first(first, now); },
                             [&](const Renewal& renewal) { return answer_renewal(renewal, nonce, now); }},
                    *request);
}

Answer Registrar::answer_first(const FirstEnrolment& request, WallTime now) {
  const auto token = pki::parse_token(request.token);
  if (!token) return refuse("token_invalid", token.error().message, token.error().remedy);
  const auto csr = pki::parse_csr(request.csr_der);
  if (!csr) return refuse("csr_invalid", csr.error().message, {});
  // A CA that cannot sign must not cost a token.
  const auto able = pki::verify_ca(ca_.certificate, now);
  if (!able)
    return refuse("busy", "no certificate can be issued: " + able.error().message, able.error().remedy);
  const auto host = backend_.redeem_token(pki::token_hash(*token), now);
  if (!host) return refuse_token(host.error());
  return hand_out(*csr, *host, Outcome::kFirst, now);
}

Answer Registrar::answer_renewal(const Renewal& request, std::string_view nonce, WallTime now) {
  const auto certificate = pki::parse_certificate_der(request.certificate_der);
  if (!certificate) return refuse("certificate_invalid", certificate.error().message, kEnrolAgain);
  const auto facts = pki::certificate_facts(*certificate);
  if (!facts) return refuse("certificate_invalid", facts.error().message, kEnrolAgain);
  // Judged in its last second when that is past: how long past is the next question.
  const auto host = pki::verify_agent(*certificate, ca_.certificate,
                                      std::min<WallTime>(now, facts->not_after - Seconds(1)));
  if (!host) return refuse("certificate_invalid", host.error().message, kEnrolAgain);
  const std::string text = pki::renewal_text(nonce, request.csr_der);
  if (!pki::verify_signature(*certificate, text, request.signature)) {
    return refuse("signature_invalid", "the request is not signed by the certificate's key", kEnrolAgain,
                  host->value);
  }
  // Only the holder of the key learns anything about the certificate from here on.
  const auto row = backend_.find_certificate(facts->serial);
  if (!row && row.error().code != Errc::kNotFound) {
    return refuse("busy", "the collector cannot look certificates up now: " + row.error().message,
                  "try again", host->value);
  }
  if (too_old(*facts, now)) {
    return refuse("certificate_too_old", "the certificate expired more than 30 days ago", kEnrolAgain,
                  host->value);
  }
  if (!row || row->host != *host) {
    return refuse("certificate_invalid", "the certificate is not on this collector's record", kEnrolAgain,
                  host->value);
  }
  if (row->revoked)
    return refuse("certificate_revoked", "the certificate was revoked", kEnrolAgain, host->value);
  const auto csr = pki::parse_csr(request.csr_der);
  if (!csr) return refuse("csr_invalid", csr.error().message, {}, host->value);
  Answer answer =
      hand_out(*csr, *host, now >= facts->not_after ? Outcome::kLateRenewal : Outcome::kRenewal, now);
  // A revocation between the look-up and the record did not cover the new certificate; one from now on does.
  const auto still = backend_.find_certificate(facts->serial);
  if (answer.outcome == Outcome::kRefused || (still && !still->revoked)) return answer;
  return refuse("certificate_revoked", "the certificate was revoked", kEnrolAgain, host->value);
}

Answer Registrar::hand_out(const pki::Csr& csr, const HostId& host, Outcome outcome, WallTime now) {
  const auto issued = pki::issue_agent_certificate(ca_, csr, host, now);
  if (!issued)
    return refuse("busy", "no certificate could be issued: " + issued.error().message, issued.error().remedy,
                  host.value);
  const auto facts = pki::certificate_facts(*issued);
  if (!facts)
    return refuse("busy", "no certificate could be issued: " + facts.error().message, {}, host.value);
  const store::CertificateRow row{facts->serial, host, facts->not_before, facts->not_after, false};
  const bool first = outcome == Outcome::kFirst;
  const auto recorded = backend_.record_issued(row, !first);
  if (!recorded) {
    return refuse("busy", "the certificate could not be recorded: " + recorded.error().message,
                  first ? "the token is used up; ask for a new one" : "try again", host.value);
  }
  v1::EnrollReply reply;
  reply.set_host(host.value);
  reply.set_certificate_chain_pem(pki::render_pem(*issued));
  reply.set_ca_pem(pki::render_pem(ca_.certificate));
  return {reply.SerializeAsString(), outcome, {}, host.value, "certificate " + facts->serial + " issued"};
}

}  // namespace ondol::enroll
