#include "common/pki/tls_client.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <system_error>

#include "common/pki/native.h"

namespace ondol::pki {
namespace {

using std::chrono::steady_clock;
using ContextPtr = std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>>;
using SslPtr = std::unique_ptr<SSL, Freed<SSL_free>>;
using AddressesPtr = std::unique_ptr<addrinfo, Freed<freeaddrinfo>>;

constexpr long kServerChainLimit = 32 * 1024;  // bytes; ours has two certificates of about 600

tl::unexpected<Error> unavailable(std::string message) {
  return fail(Errc::kUnavailable, std::move(message), {},
              "check the address and that the collector runs; it is tried again later");
}

struct Endpoint {
  std::string host, port;
};

Result<Endpoint> parse_endpoint(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == address.size()) {
    return fail(Errc::kInvalidInput, "'" + address + "' is not host:port");
  }
  std::string host = address.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  return Endpoint{host, address.substr(colon + 1)};
}

struct Judgement {
  const ChainJudge* judge = nullptr;
  Result<void> outcome;
};

Certificate shared(X509* x509) {
  X509_up_ref(x509);
  return Certificate{std::make_shared<const CertificateState>(CertificateState{X509Ptr(x509)})};
}

// OpenSSL's whole verification is replaced: the judge knows the pin, the clock and the name.
int judge_chain(X509_STORE_CTX* context, void* argument) {
  auto* judgement = static_cast<Judgement*>(argument);
  std::vector<Certificate> chain;
  if (X509* leaf = X509_STORE_CTX_get0_cert(context)) chain.push_back(shared(leaf));
  const STACK_OF(X509)* sent = X509_STORE_CTX_get0_untrusted(context);
  for (int i = 0; i < sk_X509_num(sent); ++i) {
    X509* x509 = sk_X509_value(sent, i);
    if (x509 != X509_STORE_CTX_get0_cert(context)) chain.push_back(shared(x509));
  }
  judgement->outcome = (*judgement->judge)(chain);
  if (judgement->outcome) return 1;
  X509_STORE_CTX_set_error(context, X509_V_ERR_APPLICATION_VERIFICATION);
  return 0;
}

}  // namespace

struct TlsClient::State {
  int socket = -1;
  steady_clock::time_point deadline;
  Judgement judgement;
  ContextPtr context;
  SslPtr ssl;
  BIO* from_network = nullptr;  // owned by ssl
  BIO* to_network = nullptr;

  State() = default;
  ~State() {
    if (socket >= 0) ::close(socket);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  Result<void> wait(short events, steady_clock::time_point until) const {
    for (;;) {
      const auto left = std::chrono::ceil<Milliseconds>(until - steady_clock::now()).count();
      if (left <= 0) return unavailable("the collector did not answer in time");
      pollfd waited{socket, events, 0};
      const int ready = ::poll(&waited, 1, static_cast<int>(left));
      if (ready > 0) return {};
      if (ready < 0 && errno != EINTR) return unavailable("poll: " + std::generic_category().message(errno));
    }
  }

  Result<void> connect_one(const addrinfo& address, steady_clock::time_point until) {
    if (socket >= 0) ::close(socket);
    socket = ::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (socket < 0) return unavailable("no socket: " + std::generic_category().message(errno));
    if (::connect(socket, address.ai_addr, address.ai_addrlen) == 0) return {};
    if (errno != EINPROGRESS) return unavailable("no connection: " + std::generic_category().message(errno));
    ONDOL_TRY(wait(POLLOUT, until));
    int number = 0;
    socklen_t size = sizeof(number);
    ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &number, &size);
    if (number != 0) return unavailable("no connection: " + std::generic_category().message(number));
    return {};
  }

  Result<void> connect(const std::string& text) {
    const auto endpoint = parse_endpoint(text);
    if (!endpoint) return fail(endpoint.error());
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int looked = ::getaddrinfo(endpoint->host.c_str(), endpoint->port.c_str(), &hints, &found);
    if (looked != 0) return unavailable("no address for " + text + ": " + gai_strerror(looked));
    const AddressesPtr addresses(found);
    Result<void> last = unavailable("no address for " + text);
    for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
      // Half of what is left for each, so that a dead first address leaves time for the next.
      const auto now = steady_clock::now();
      last = connect_one(*each, each->ai_next == nullptr ? deadline : now + (deadline - now) / 2);
      if (last) return {};
    }
    last.error().where = text;
    return last;
  }

  // Memory between OpenSSL and the socket: its own socket BIO writes without MSG_NOSIGNAL.
  Result<void> prepare(const TlsTarget& target) {
    context.reset(SSL_CTX_new(TLS_client_method()));
    if (!context) return openssl_failed(Errc::kUnsupported, "no TLS");
    SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION);
    SSL_CTX_set_max_cert_list(context.get(), kServerChainLimit);
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_cert_verify_callback(context.get(), judge_chain, &judgement);
    ssl.reset(SSL_new(context.get()));
    if (!ssl) return openssl_failed(Errc::kUnsupported, "no TLS");
    from_network = BIO_new(BIO_s_mem());
    to_network = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl.get(), from_network, to_network);
    const std::string protocols = static_cast<char>(target.protocol.size()) + target.protocol;
    // SSL_set_tlsext_host_name is a macro with a C cast in it.
    const bool named = SSL_ctrl(ssl.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                                const_cast<char*>(target.server_name.c_str())) == 1;
    if (!named || SSL_set_alpn_protos(ssl.get(), unsigned_bytes(protocols),
                                      static_cast<unsigned>(protocols.size())) != 0) {
      return openssl_failed(Errc::kInvalidInput, "the server name or protocol is unfit for TLS");
    }
    return {};
  }

  Result<void> flush() const {
    char* data = nullptr;
    std::size_t size = static_cast<std::size_t>(BIO_get_mem_data(to_network, &data));
    while (size > 0) {
      const ssize_t sent = ::send(socket, data, size, MSG_NOSIGNAL);
      if (sent >= 0) {
        data += sent;
        size -= static_cast<std::size_t>(sent);
      } else if (errno == EAGAIN) {
        ONDOL_TRY(wait(POLLOUT, deadline));
      } else if (errno != EINTR) {
        return unavailable("the connection broke: " + std::generic_category().message(errno));
      }
    }
    BIO_reset(to_network);
    return {};
  }

  Result<void> fill() const {
    std::array<char, 16 * 1024> part{};
    for (;;) {
      ONDOL_TRY(wait(POLLIN, deadline));
      const ssize_t count = ::recv(socket, part.data(), part.size(), 0);
      if (count < 0 && (errno == EAGAIN || errno == EINTR)) continue;
      if (count < 0) return unavailable("the connection broke: " + std::generic_category().message(errno));
      if (count == 0) return unavailable("the collector closed the connection; it may be busy");
      BIO_write(from_network, part.data(), static_cast<int>(count));
      return {};
    }
  }

  // Runs one OpenSSL step until it is done; `step` returns what the SSL_ function returned.
  template <typename Step>
  Result<void> run(Step step) {
    for (;;) {
      const int outcome = step();
      const int reason = SSL_get_error(ssl.get(), outcome);
      const auto flushed = flush();
      if (outcome > 0) return flushed;
      if (!judgement.outcome) return fail(judgement.outcome.error());
      if (reason == SSL_ERROR_ZERO_RETURN)
        return unavailable("the collector closed the connection; it may be busy");
      if (reason != SSL_ERROR_WANT_READ) return openssl_failed(Errc::kUnavailable, "TLS failed");
      if (!flushed) return flushed;
      ONDOL_TRY(fill());
    }
  }

  Result<void> handshake(const TlsTarget& target) {
    ERR_clear_error();
    ONDOL_TRY(run([this] { return SSL_connect(ssl.get()); }));
    const unsigned char* chosen = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl.get(), &chosen, &size);
    const std::string protocol(reinterpret_cast<const char*>(chosen), size);
    if (protocol == target.protocol) return {};
    return fail(Errc::kRefused, "the server does not speak " + target.protocol, target.address,
                "check the address and port");
  }
};

TlsClient::TlsClient(std::unique_ptr<State> state) : state_(std::move(state)) {}
TlsClient::~TlsClient() = default;
TlsClient::TlsClient(TlsClient&&) noexcept = default;
TlsClient& TlsClient::operator=(TlsClient&&) noexcept = default;

Result<TlsClient> TlsClient::open(const TlsTarget& target, const ChainJudge& judge, Milliseconds limit) {
  auto state = std::make_unique<State>();
  state->deadline = steady_clock::now() + limit;
  state->judgement.judge = &judge;
  ONDOL_TRY(state->connect(target.address));
  ONDOL_TRY(state->prepare(target));
  ONDOL_TRY(state->handshake(target));
  // TLS 1.3 judges the server during the handshake only; the judge's life may end with this call.
  state->judgement.judge = nullptr;
  return TlsClient(std::move(state));
}

Result<void> TlsClient::write(std::string_view bytes) {
  ERR_clear_error();
  SSL* ssl = state_->ssl.get();
  return state_->run([&] { return SSL_write(ssl, bytes.data(), static_cast<int>(bytes.size())); });
}

Result<std::string> TlsClient::read(std::size_t count) {
  std::string bytes(count, '\0');
  std::size_t done = 0;
  while (done < count) {
    ERR_clear_error();
    int got = 0;
    ONDOL_TRY(state_->run([&] {
      return got = SSL_read(state_->ssl.get(), bytes.data() + done, static_cast<int>(count - done));
    }));
    done += static_cast<std::size_t>(got);
  }
  return bytes;
}

}  // namespace ondol::pki
