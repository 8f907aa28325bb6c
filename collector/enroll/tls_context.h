// The TLS of the enrolment listener: 1.3 only, no client certificate, no tickets, no resumption, one ALPN.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>

#include "common/base/result.h"
#include "common/pki/identity_dir.h"

namespace ondol::enroll {

using TlsContext = std::shared_ptr<boost::asio::ssl::context>;

Result<TlsContext> make_tls_context(const pki::Identity& identity);

// The client chose our ALPN; one that sent none is another protocol that strayed here.
bool speaks_enrolment(SSL* ssl);

}  // namespace ondol::enroll
