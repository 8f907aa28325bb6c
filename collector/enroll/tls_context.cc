#include "collector/enroll/tls_context.h"

#include <openssl/ssl.h>

#include <boost/asio/buffer.hpp>
#include <string>

#include "common/pki/enroll_frame.h"

namespace ondol::enroll {
namespace {

namespace ssl = boost::asio::ssl;

int choose_protocol(SSL* /*ssl*/, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* offered, unsigned offered_size, void* /*context*/) {
  static const std::string kOurs =
      static_cast<char>(pki::kEnrollProtocol.size()) + std::string(pki::kEnrollProtocol);
  unsigned char* chosen = nullptr;
  const int outcome =
      SSL_select_next_proto(&chosen, out_size, reinterpret_cast<const unsigned char*>(kOurs.data()),
                            static_cast<unsigned>(kOurs.size()), offered, offered_size);
  *out = chosen;
  return outcome == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

bool harden(SSL_CTX* context) {
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_alpn_select_cb(context, choose_protocol, nullptr);
  return SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1 &&
         SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1 &&
         SSL_CTX_set_num_tickets(context, 0) == 1 && SSL_CTX_set_max_early_data(context, 0) == 1;
}

}  // namespace

Result<TlsContext> make_tls_context(const pki::Identity& identity) try {
  const auto leaf = pki::parse_certificate(identity.certificate_pem);
  if (!leaf) return fail(leaf.error());
  // The generic method, narrowed below: the versioned ones are deprecated in OpenSSL 3.
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  if (!harden(context->native_handle())) return fail(Errc::kUnsupported, "TLS 1.3 is not available");
  context->set_verify_mode(ssl::verify_none);
  // The CA rides along: a host with nothing but a token finds in the chain the one that its token names.
  const std::string chain = pki::render_pem(*leaf) + identity.ca_pem;
  context->use_certificate_chain(boost::asio::buffer(chain));
  context->use_private_key(boost::asio::buffer(identity.key_pem), ssl::context::pem);
  return context;
} catch (const boost::system::system_error& error) {
  return fail(Errc::kInvalidInput, std::string("the server identity is unfit for TLS: ") + error.what());
}

bool speaks_enrolment(SSL* ssl) {
  const unsigned char* chosen = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl, &chosen, &size);
  return std::string_view(reinterpret_cast<const char*>(chosen), size) == pki::kEnrollProtocol;
}

}  // namespace ondol::enroll
