#include "agent/enroll/enroll_client.h"

#include <algorithm>

#include "common/base/author.h"
#include "common/pki/csr.h"
#include "common/pki/enroll_frame.h"
#include "common/pki/tls_client.h"
#include "common/pki/token.h"
#include "common/pki/verify.h"
#include "ondol/v1/enroll.pb.h"

namespace ondol::agent {
namespace {

constexpr std::size_t kErrorLimit = 1024;  // bytes of the collector's sentence that are shown

// A key that exists only here, and the request for its certificate.
struct Wish {
  pki::Key key;
  std::string csr_der;
};

Result<Wish> make_wish() {
  auto key = pki::make_key();
  if (!key) return fail(key.error());
  auto csr = pki::make_csr(*key);
  if (!csr) return fail(csr.error());
  return Wish{std::move(*key), std::move(*csr)};
}

template <typename Message>
Result<Message> receive(pki::TlsClient& client) {
  const auto header = client.read(pki::kFrameHeader);
  if (!header) return fail(header.error());
  const auto size = pki::decode_frame_size(*header);
  if (!size) return fail(size.error());
  const auto bytes = client.read(*size);
  if (!bytes) return fail(bytes.error());
  Message message;
  if (message.ParseFromString(*bytes)) return message;
  return fail(Errc::kInvalidInput, "the collector's answer cannot be read", {},
              "the agent and the collector may differ in version");
}

Result<void> send(pki::TlsClient& client, const v1::EnrollRequest& request) {
  const auto frame = pki::encode_frame(request.SerializeAsString());
  if (!frame) return fail(frame.error());
  return client.write(*frame);
}

// A reason with its remedy, as the collector wrote it; only "busy" passes by itself.
tl::unexpected<Error> refused(const v1::EnrollReply& reply) {
  const std::string& code = reply.error_code();
  const std::string text = escaped(reply.error().substr(0, kErrorLimit));
  const Errc kind = code == "busy"             ? Errc::kUnavailable
                    : code == "record_missing" ? Errc::kNotFound
                                               : Errc::kRefused;
  return fail(kind, "the collector refused: " + (text.empty() ? escaped(code.substr(0, 64)) : text));
}

struct Grant {
  v1::EnrollReply reply;
  WallTime issued{};  // by the collector's clock
};

// One conversation. `fill` completes the request once the challenge is known.
template <typename Fill>
Result<Grant> converse(const EnrollTarget& target, const pki::ChainJudge& judge, Fill fill) {
  const pki::TlsTarget tls{target.address, target.server_name, std::string(pki::kEnrollProtocol)};
  auto client = pki::TlsClient::open(tls, judge, target.limit);
  if (!client) return fail(client.error());
  const auto challenge = receive<v1::Challenge>(*client);
  if (!challenge) return fail(challenge.error());
  if (challenge->nonce().size() != pki::kNonceSize)
    return fail(Errc::kInvalidInput, "the collector's challenge is not 32 bytes");
  v1::EnrollRequest request;
  ONDOL_TRY(fill(challenge->nonce(), request));
  ONDOL_TRY(send(*client, request));
  auto reply = receive<v1::EnrollReply>(*client);
  if (!reply) return fail(reply.error());
  if (!reply->error_code().empty() || !reply->error().empty()) return refused(*reply);
  return Grant{std::move(*reply), wall_from_unix_ns(challenge->time_unix_ns())};
}

// The CA that the token names, among what the server sent.
Result<pki::Certificate> pinned_ca(const std::vector<pki::Certificate>& chain, const Sha256& hash) {
  const auto named = [&hash](const pki::Certificate& each) {
    return pki::certificate_der_hash(each) == hash;
  };
  const auto found = std::find_if(chain.begin(), chain.end(), named);
  if (found != chain.end()) return *found;
  return fail(Errc::kRefused, "this collector's CA is not the one that the token names", {},
              "use a token of this collector, or check the address; if both are right, somebody is between");
}

Result<pki::CertificateFacts> keep(const EnrollTarget& target, const pki::Identity& identity,
                                   const std::string& host, WallTime now) {
  auto facts = pki::write_identity(target.identity_dir, identity, {pki::Purpose::kAgent, host}, now);
  if (!facts) facts.error().message = "the new identity was not kept: " + facts.error().message;
  return facts;
}

struct Current {
  pki::Key key;
  pki::Certificate certificate, ca;
  std::string ca_pem;
  HostId host;
};

Result<Current> read_current(const EnrollTarget& target) {
  const auto identity = pki::read_identity(target.identity_dir, pki::Purpose::kAgent);
  if (!identity && identity.error().code == Errc::kNotFound) {
    return fail(Errc::kNotFound, "this host was never enrolled", target.identity_dir,
                "ask for a token with `ondolctl enroll token create --host HOST`, then `ondol-agent enroll "
                "--token TOKEN`");
  }
  if (!identity) return fail(identity.error());
  const auto key = pki::parse_key(identity->key_pem);
  if (!key) return fail(key.error());
  const auto certificate = pki::parse_certificate(identity->certificate_pem);
  if (!certificate) return fail(certificate.error());
  const auto ca = pki::parse_certificate(identity->ca_pem);
  if (!ca) return fail(ca.error());
  const auto facts = pki::certificate_facts(*certificate);
  if (!facts) return fail(facts.error());
  if (!facts->host) return fail(Errc::kInvalidInput, "the certificate names no host", target.identity_dir);
  return Current{*key, *certificate, *ca, identity->ca_pem, *facts->host};
}

}  // namespace

Result<pki::CertificateFacts> enroll(const EnrollTarget& target, const std::string& token, WallTime now) {
  const auto parsed = pki::parse_token(token);
  if (!parsed) return fail(parsed.error());
  const auto wish = make_wish();
  if (!wish) return fail(wish.error());
  std::string ca_pem;
  const auto judge = [&](const std::vector<pki::Certificate>& chain) -> Result<void> {
    const auto ca = pinned_ca(chain, parsed->ca_hash);
    if (!ca) return fail(ca.error());
    ca_pem = pki::render_pem(*ca);
    return pki::verify_server(chain.front(), *ca, target.server_name, now);
  };
  const auto fill = [&](const std::string&, v1::EnrollRequest& request) -> Result<void> {
    request.mutable_first()->set_token(token);
    request.mutable_first()->set_csr_der(wish->csr_der);
    return {};
  };
  const auto grant = converse(target, judge, fill);
  if (!grant) return fail(grant.error());
  const auto key_pem = pki::render_key(wish->key);
  if (!key_pem) return fail(key_pem.error());
  // The CA is the pinned one, whatever the reply says.
  return keep(target, {*key_pem, grant->reply.certificate_chain_pem(), ca_pem}, grant->reply.host(),
              grant->issued);
}

Result<pki::CertificateFacts> renew(const EnrollTarget& target, WallTime now) {
  const auto current = read_current(target);
  if (!current) return fail(current.error());
  const auto wish = make_wish();
  if (!wish) return fail(wish.error());
  const auto judge = [&](const std::vector<pki::Certificate>& chain) -> Result<void> {
    if (chain.empty()) return fail(Errc::kRefused, "the server sent no certificate");
    return pki::verify_server(chain.front(), current->ca, target.server_name, now);
  };
  const auto fill = [&](const std::string& nonce, v1::EnrollRequest& request) -> Result<void> {
    const auto signature = pki::sign_bytes(current->key, pki::renewal_text(nonce, wish->csr_der));
    if (!signature) return fail(signature.error());
    request.mutable_renewal()->set_certificate_der(pki::render_der(current->certificate));
    request.mutable_renewal()->set_csr_der(wish->csr_der);
    request.mutable_renewal()->set_signature(*signature);
    return {};
  };
  const auto grant = converse(target, judge, fill);
  if (!grant) return fail(grant.error());
  const auto key_pem = pki::render_key(wish->key);
  if (!key_pem) return fail(key_pem.error());
  // Kept only when it names the host that this one already is.
  return keep(target, {*key_pem, grant->reply.certificate_chain_pem(), current->ca_pem}, current->host.value,
              grant->issued);
}

}  // namespace ondol::agent
