#include "collector/enroll/enroll_server.h"

#include <boost/asio/io_context.hpp>
#include <thread>

#include "collector/enroll/registrar.h"
#include "collector/enroll/tls_context.h"
#include "common/journal/journal.h"
#include "common/loop/clocks.h"

namespace ondol::enroll {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr Milliseconds kAcceptPause{100};  // after a failed accept: descriptors come back in their own time

Result<tcp::endpoint> parse_listen(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  std::string host = colon == std::string::npos ? std::string() : text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  const std::string port = colon == std::string::npos ? std::string() : text.substr(colon + 1);
  error_code error;
  const auto address = asio::ip::make_address(host, error);
  const bool digits =
      !port.empty() && port.size() <= 5 && port.find_first_not_of("0123456789") == std::string::npos;
  if (error || !digits || std::stoi(port) > 65535) {
    return fail(Errc::kInvalidInput, "'" + text + "' is not address:port", "enroll.listen");
  }
  return tcp::endpoint(address, static_cast<std::uint16_t>(std::stoi(port)));
}

std::string address_bytes(const asio::ip::address& address) {
  const auto text = [](const auto& bytes) { return std::string(bytes.begin(), bytes.end()); };
  return address.is_v4() ? text(address.to_v4().to_bytes()) : text(address.to_v6().to_bytes());
}

std::string_view label_of(Ending ending) {
  switch (ending) {
    case Ending::kAnswered:
      return {};
    case Ending::kHandshake:
      return "handshake";
    case Ending::kFrame:
      return "frame";
    case Ending::kTimeout:
      return "timeout";
    case Ending::kBroken:
      return "broken";
  }
  return {};
}

}  // namespace

class EnrollServer::Service {
 public:
  Service(EnrollServerConfig config, const pki::Ca& ca, EnrollBackend& backend)
      : config_(std::move(config)),
        registrar_(ca, backend),
        desk_(config_.admission),
        acceptor_(context_),
        timer_(context_),
        pause_(context_) {
    if (!config_.clock) config_.clock = [] { return read_now().wall; };
  }

  ~Service() { stop(); }

  void stop() {
    context_.stop();
    if (thread_.joinable()) thread_.join();
    error_code ignored;
    acceptor_.close(ignored);
  }

  Result<void> listen() {
    const auto endpoint = parse_listen(config_.listen);
    if (!endpoint) return fail(endpoint.error());
    error_code error;
    acceptor_.open(endpoint->protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(*endpoint, error);
    if (!error) acceptor_.listen(tcp::acceptor::max_listen_connections, error);
    if (error) return fail(Errc::kIo, "cannot listen: " + error.message(), config_.listen);
    return {};
  }

  Result<void> start() {
    ONDOL_TRY(load_identity());
    ONDOL_TRY(listen());
    accept();
    wait_to_reload();
    thread_ = std::thread([this] { context_.run(); });
    return {};
  }

  std::uint16_t port() const {
    error_code ignored;
    return acceptor_.local_endpoint(ignored).port();
  }

 private:
  // Open conversations keep the identity that they began with.
  Result<void> load_identity() {
    const auto identity = pki::read_generation(config_.identity_dir, pki::Purpose::kServer);
    if (!identity) return fail(identity.error());
    if (*identity == identity_) return {};
    auto tls = make_tls_context(*identity);
    if (!tls) return fail(tls.error());
    tls_ = std::move(*tls);
    identity_ = *identity;
    return {};
  }

  void accept() {
    acceptor_.async_accept([this](const error_code& error, tcp::socket socket) {
      if (error == asio::error::operation_aborted) return;
      if (error) return pause(error);
      accept_failing_ = false;
      admit(std::move(socket));
      accept();
    });
  }

  // Told once, not ten times a second.
  void pause(const error_code& trouble) {
    if (!accept_failing_) journal::write(journal::Event::enroll_accept_failed, trouble.message());
    accept_failing_ = true;
    pause_.expires_after(kAcceptPause);
    pause_.async_wait([this](const error_code& error) {
      if (!error) accept();
    });
  }

  void admit(tcp::socket socket) {
    error_code error;
    const tcp::endpoint peer = socket.remote_endpoint(error);
    if (error) return;  // gone already
    const std::string source = source_of(address_bytes(peer.address()));
    switch (desk_.admit(source, std::chrono::steady_clock::now().time_since_epoch())) {
      case Admission::kClose:
        return count({false, "over_limit"});
      case Admission::kBusy:
        return converse(std::move(socket), source, false);
      case Admission::kServe:
        return converse(std::move(socket), source, true);
    }
  }

  void converse(tcp::socket socket, const std::string& source, bool serve) {
    ConversationCalls calls;
    calls.clock = config_.clock;
    calls.judge = [this, serve](const std::string& nonce, const std::string& request) {
      return judge_one(serve ? registrar_.answer(nonce, request, config_.clock()) : answer_busy());
    };
    calls.ended = [this, source](Ending ending) {
      desk_.release(source);
      if (ending != Ending::kAnswered) count({false, label_of(ending)});
    };
    std::make_shared<Conversation>(std::move(socket), tls_, config_.conversation, std::move(calls))->start();
  }

  // Counts and logs an answer, and returns what goes on the wire.
  std::string judge_one(const Answer& answer) {
    using journal::Event;
    switch (answer.outcome) {
      case Outcome::kFirst:
        count({true, "first"});
        journal::write(Event::host_enrolled, answer.message, {{"HOST", answer.subject}});
        break;
      case Outcome::kRenewal:
        count({true, "renewal"});
        break;
      case Outcome::kLateRenewal:
        count({true, kLateRenewalLabel});
        journal::write(Event::certificate_renewed_late, answer.message, {{"HOST", answer.subject}});
        break;
      case Outcome::kRefused:
        count({false, answer.error_code});
        if (answer.error_code != "busy" || !answer.subject.empty()) log_refusal(answer);
        break;
    }
    return answer.reply;
  }

  static void log_refusal(const Answer& answer) {
    journal::write(journal::Event::enroll_refused, answer.message,
                   {{"HOST", answer.subject}, {"REASON", answer.error_code}});
  }

  void wait_to_reload() {
    timer_.expires_after(config_.reload_every);
    timer_.async_wait([this](const error_code& error) {
      if (error) return;
      reload();
      wait_to_reload();
    });
  }

  void reload() {
    const auto loaded = load_identity();
    const std::string trouble = loaded ? std::string() : render(loaded.error());
    // Told once for each kind of trouble, not at every look.
    if (!trouble.empty() && trouble != told_) journal::write(journal::Event::enroll_identity_failed, trouble);
    told_ = trouble;
  }

  void count(const EnrollCount& what) {
    if (config_.count) config_.count(what);
  }

  EnrollServerConfig config_;
  Registrar registrar_;
  AdmissionDesk desk_;
  pki::Identity identity_;
  TlsContext tls_;
  asio::io_context context_{1};
  tcp::acceptor acceptor_;
  asio::steady_timer timer_, pause_;
  bool accept_failing_ = false;
  std::string told_;  // the trouble of the last reload
  std::thread thread_;
};

EnrollServer::EnrollServer(std::unique_ptr<Service> service) : service_(std::move(service)) {}
EnrollServer::~EnrollServer() = default;

std::uint16_t EnrollServer::port() const { return service_->port(); }
void EnrollServer::stop() { service_->stop(); }

Result<std::unique_ptr<EnrollServer>> start_enroll_server(EnrollServerConfig config, const pki::Ca& ca,
                                                          EnrollBackend& backend) {
  auto service = std::make_unique<EnrollServer::Service>(std::move(config), ca, backend);
  ONDOL_TRY(service->start());
  return std::unique_ptr<EnrollServer>(new EnrollServer(std::move(service)));
}

}  // namespace ondol::enroll
