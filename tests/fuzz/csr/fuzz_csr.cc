// Any bytes as a signing request, and as a certificate: accepted ones keep the parsers' promises.
#include <cstdlib>
#include <string_view>

#include "common/pki/csr.h"
#include "common/pki/issue.h"
#include "common/pki/verify.h"

namespace {

using namespace ondol;

const WallTime kNow = wall_from_unix_ns(1'800'000'000'000'000'000);

void require(bool claim) {
  if (!claim) std::abort();
}

const pki::Ca& ca() {
  static const pki::Ca made = pki::make_ca(kNow).value();
  return made;
}

// Whatever a request says, its certificate names the one host and is no CA.
void issue(const pki::Csr& csr) {
  const auto issued = pki::issue_agent_certificate(ca(), csr, HostId{"one"}, kNow);
  require(issued.has_value());
  const auto facts = pki::certificate_facts(*issued);
  require(facts && facts->host == HostId{"one"} && facts->names.empty() && !facts->is_ca);
  require(facts->spki == pki::spki_hash(csr));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto csr = pki::parse_csr(bytes)) issue(*csr);
  if (const auto certificate = pki::parse_certificate_der(bytes)) {
    const auto facts = pki::certificate_facts(*certificate);
    require(!facts || !facts->host || facts->names.empty());
    require(!pki::verify_agent(*certificate, ca().certificate, kNow));
  }
  return 0;
}
