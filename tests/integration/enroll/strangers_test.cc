// Peers that are no agents: garbage, oversize, slow, many, and other protocols.
#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>

#include "common/pki/bytes.h"
#include "common/pki/csr.h"
#include "common/pki/enroll_frame.h"
#include "tests/integration/enroll/enroll_lab.h"

namespace ondol::enroll {
namespace {

class Socket {
 public:
  explicit Socket(std::uint16_t port) : number_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(number_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  }
  ~Socket() { ::close(number_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  void send(const std::string& bytes) const { ::send(number_, bytes.data(), bytes.size(), MSG_NOSIGNAL); }
  // Reads until the peer ends the connection.
  void drain() const {
    char part[4096];
    while (::recv(number_, part, sizeof(part), 0) > 0) {
    }
  }
  int number() const { return number_; }

 private:
  int number_;
};

class Strangers : public EnrollLab {
 protected:
  // The server still serves an honest agent.
  void expect_service() {
    const auto outcome = enroll(token("honest"), "honest");
    EXPECT_TRUE(outcome) << refusal(outcome);
  }
  static EnrollServerConfig hasty() {
    EnrollServerConfig config;
    config.conversation = {Milliseconds(150), Milliseconds(300)};
    return config;
  }
};

TEST_F(Strangers, GarbageInsteadOfTlsEndsTheConnection) {
  serve();
  for (const std::string& bytes :
       {std::string("GET / HTTP/1.1\r\n\r\n"), std::string(70'000, '\xff'), pki::random_bytes(5000)}) {
    const Socket socket(server_->port());
    socket.send(bytes);
    ::shutdown(socket.number(), SHUT_WR);
    socket.drain();
  }
  wait_for({"handshake"}, 3);
  expect_service();
}

TEST_F(Strangers, GarbageFramesAreAnsweredWithAReason) {
  serve();
  for (const std::string& message :
       {std::string("\0", 1), std::string(16'384, '\xff'), pki::random_bytes(300)}) {
    auto one = stranger();
    EXPECT_EQ(ask(one, message).error_code(), "request_invalid");
  }
  auto empty = stranger();
  EXPECT_EQ(ask(empty, std::string("\x12\x00", 2)).error_code(), "request_invalid")
      << "a renewal with nothing in it";
  expect_service();
}

TEST_F(Strangers, AnOversizeOrEmptyFrameEndsTheConnectionUnread) {
  serve();
  std::size_t ended = 0;
  for (const std::string& header :
       {std::string("\x00\x00\x40\x01", 4), std::string("\xff\xff\xff\xff", 4), std::string(4, '\0')}) {
    auto one = stranger();
    ASSERT_TRUE(one.client.write(header));
    EXPECT_EQ(read_message(one.client), "");
    wait_for({"frame"}, ++ended);
  }
  expect_service();
}

TEST_F(Strangers, ASilentPeerIsCutOffAtTheHandshakeLimit) {
  serve(hasty());
  const Socket silent(server_->port());
  silent.drain();
  wait_for({"timeout"}, 1);
}

// One byte a second is far slower than any limit here: what ends the connection is the limit, whatever
// trickles in.
TEST_F(Strangers, ASlowPeerIsCutOffInsideTls) {
  serve(hasty());
  auto slow = stranger();
  ASSERT_TRUE(slow.client.write(std::string("\x00\x00\x00\x64", 4)));
  ASSERT_TRUE(slow.client.write("x"));
  EXPECT_FALSE(slow.client.read(1)) << "the server ends it";
  wait_for({"timeout"}, 1);
}

TEST_F(Strangers, OtherProtocolsAreTurnedAwayInTheHandshake) {
  serve();
  EXPECT_FALSE(dial("h2"));
  wait_for({"handshake"}, 1);
  expect_service();
}

TEST_F(Strangers, OneSourceHoldsNoMoreThanItsShareOfPlaces) {
  EnrollServerConfig config;
  config.admission.connections_per_source = 4;
  serve(config);
  std::vector<std::unique_ptr<Socket>> held;
  for (int i = 0; i < 4; ++i) held.push_back(std::make_unique<Socket>(server_->port()));
  const Socket fifth(server_->port());
  fifth.drain();
  wait_for({"over_limit"}, 1);
  held.clear();
  wait_for({"handshake"}, 4);
  expect_service();
}

TEST_F(Strangers, ASourceOverItsRateHearsBusyAndKeepsItsToken) {
  EnrollServerConfig config;
  config.admission.burst = 1;
  config.admission.rate_per_second = 0;
  serve(config);
  const std::string text = token();
  EXPECT_FALSE(enroll(pki::render_token(pki::make_token(pki::certificate_der_hash(ca_.certificate)))));
  const auto outcome = enroll(text);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, Errc::kUnavailable);
  EXPECT_NE(refusal(outcome).find("too many enrolments from this address"), std::string::npos);
  EXPECT_EQ(backend_.unused_tokens(), 1U);
  const auto dropped = enroll(text);
  ASSERT_FALSE(dropped);
  EXPECT_EQ(dropped.error().code, Errc::kUnavailable);
  EXPECT_EQ(counted("over_limit"), 1U);
}

TEST_F(Strangers, FiveHundredIdleConnectionsDoNotStopTheService) {
  EnrollServerConfig config = hasty();
  config.admission.connections_per_source = 200;
  config.admission.burst = 10'000;
  serve(config);
  std::vector<std::unique_ptr<Socket>> idle;
  for (int i = 0; i < 500; ++i) idle.push_back(std::make_unique<Socket>(server_->port()));
  // Those over the limit are closed at once, the others when the handshake has taken too long.
  wait_for({"over_limit", "timeout"}, 500);
  expect_service();
}

// ---- the TLS of the port, seen by a client that asks for less ----

struct Handshake {
  bool done = false;
  std::string version;
  int tickets = 0;
};

int count_ticket(SSL* ssl, SSL_SESSION* /*session*/) {
  ++*static_cast<int*>(SSL_get_ex_data(ssl, 0));
  return 0;
}

Handshake shake(std::uint16_t port, int version, bool with_protocol) {
  const Socket socket(port);
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()),
                                                                  SSL_CTX_free);
  SSL_CTX_set_min_proto_version(context.get(), version);
  SSL_CTX_set_max_proto_version(context.get(), version);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT);
  SSL_CTX_sess_set_new_cb(context.get(), count_ticket);
  const std::unique_ptr<SSL, decltype(&SSL_free)> ssl(SSL_new(context.get()), SSL_free);
  Handshake seen;
  SSL_set_ex_data(ssl.get(), 0, &seen.tickets);
  SSL_set_fd(ssl.get(), socket.number());
  if (with_protocol)
    SSL_set_alpn_protos(ssl.get(), reinterpret_cast<const unsigned char*>("\x0eondol-enroll/1"), 15);
  if (SSL_connect(ssl.get()) != 1) return seen;
  seen.version = SSL_get_version(ssl.get());
  // The challenge is the first thing that an accepted client can read; tickets would come before it.
  char challenge[64];
  seen.done = SSL_read(ssl.get(), challenge, sizeof(challenge)) > 0;
  return seen;
}

TEST_F(Strangers, OnlyTls13IsSpokenAndNoTicketIsGiven) {
  serve();
  const Handshake current = shake(server_->port(), TLS1_3_VERSION, true);
  EXPECT_TRUE(current.done);
  EXPECT_EQ(current.version, "TLSv1.3");
  EXPECT_EQ(current.tickets, 0);
  EXPECT_FALSE(shake(server_->port(), TLS1_2_VERSION, true).done);
  EXPECT_FALSE(shake(server_->port(), TLS1_3_VERSION, false).done) << "no ALPN: another protocol";
}

}  // namespace
}  // namespace ondol::enroll
