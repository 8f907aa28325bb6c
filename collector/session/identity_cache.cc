#include "collector/session/identity_cache.h"

#include <grpc/grpc_security_constants.h>

#include "common/pki/certificate.h"

namespace ondol::collector {
namespace {

constexpr std::size_t kMostKnown = 16'384;

Result<PeerIdentity> identity_in(std::string_view pem) {
  auto certificate = pki::parse_certificate(pem);
  if (!certificate) return fail(certificate.error());
  auto facts = pki::certificate_facts(*certificate);
  if (!facts) return fail(facts.error());
  if (!facts->host || !facts->client_auth || facts->is_ca) {
    return fail(Errc::kRefused, "the client certificate does not name exactly one host", "",
                "enrol the agent again");
  }
  return PeerIdentity{*facts->host, facts->serial, ""};
}

}  // namespace

Result<PeerIdentity> IdentityCache::read(std::string_view pem) {
  const Sha256 digest = sha256_of(pem);
  if (const auto found = known_.find(digest); found != known_.end()) return found->second;
  auto identity = identity_in(pem);
  if (!identity) return identity;
  if (known_.size() >= kMostKnown) known_.clear();
  known_.emplace(digest, *identity);
  return identity;
}

Result<PeerIdentity> IdentityCache::read(const grpc::ServerContext& context) {
  const auto facts_of_call = context.auth_context();
  const auto pem = facts_of_call->FindPropertyValues(GRPC_X509_PEM_CERT_PROPERTY_NAME);
  if (pem.size() != 1) return fail(Errc::kRefused, "the call carries no client certificate");
  auto identity = read({pem.front().data(), pem.front().size()});
  if (!identity) {
    if (identity.error().where.empty()) identity.error().where = context.peer();
    return identity;
  }
  identity->peer = context.peer();
  return identity;
}

}  // namespace ondol::collector
