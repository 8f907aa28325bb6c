// Any bytes as what a peer sends on the enrolment port: a frame, a request, an answer; and as a token.
#include <cstdlib>
#include <string_view>

#include "collector/enroll/registrar.h"
#include "common/base/overload.h"
#include "common/pki/enroll_frame.h"
#include "common/pki/token.h"
#include "ondol/v1/enroll.pb.h"

namespace {

using namespace ondol;

const WallTime kNow = wall_from_unix_ns(1'800'000'000'000'000'000);

void require(bool claim) {
  if (!claim) std::abort();
}

// Knows no token and no certificate: nobody may be given anything.
class NothingOnRecord : public enroll::EnrollBackend {
 public:
  Result<HostId> redeem_token(const Sha256&, WallTime) override { return fail(Errc::kNotFound, "unknown"); }
  Result<store::CertificateRow> find_certificate(const std::string&) override {
    return fail(Errc::kNotFound, "unknown");
  }
  Result<void> record_issued(const store::CertificateRow&, bool) override { std::abort(); }
};

void check_request(std::string_view message) {
  const auto request = enroll::decode_request(message);
  if (!request) return require(!request.error().message.empty());
  std::visit(Overload{[](const enroll::FirstEnrolment& first) {
                        require(first.token.size() <= enroll::kTokenLimit);
                      },
                      [](const enroll::Renewal& renewal) {
                        require(renewal.certificate_der.size() <= enroll::kCertificateLimit);
                        require(renewal.signature.size() <= enroll::kSignatureLimit);
                      }},
             *request);
}

void check_answer(std::string_view message) {
  static NothingOnRecord nothing;
  static enroll::Registrar registrar(pki::make_ca(kNow).value(), nothing);
  const enroll::Answer answer = registrar.answer(std::string(pki::kNonceSize, 'n'), message, kNow);
  v1::EnrollReply reply;
  require(answer.outcome == enroll::Outcome::kRefused && reply.ParseFromString(answer.reply));
  require(!reply.error().empty() && reply.certificate_chain_pem().empty() &&
          pki::encode_frame(answer.reply).has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto token = pki::parse_token(bytes))
    require(pki::parse_token(pki::render_token(*token)) == *token);
  if (size < pki::kFrameHeader) return 0;
  const auto length = pki::decode_frame_size(bytes.substr(0, pki::kFrameHeader));
  if (!length) return 0;
  require(*length >= 1 && *length <= pki::kFrameLimit);
  const std::string_view message = bytes.substr(pki::kFrameHeader, *length);
  check_request(message);
  check_answer(message);
  return 0;
}
