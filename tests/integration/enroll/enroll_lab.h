// A collector's enrolment on loopback with real TLS, its backend in memory, its clock in the test's hand.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "agent/enroll/enroll_client.h"
#include "collector/enroll/enroll_server.h"
#include "common/pki/tls_client.h"
#include "common/pki/token.h"
#include "ondol/v1/enroll.pb.h"

namespace ondol::enroll {

using std::chrono::hours;
using std::chrono::minutes;

inline const WallTime kStart = wall_from_unix_ns(1'800'000'000'000'000'000);  // 2027-01-15

// Keeps the backend's contract; every field may be looked at while the server runs.
class MemoryBackend : public EnrollBackend {
 public:
  struct TokenState {
    HostId host;
    WallTime expires{};
    bool used = false;
  };

  Result<HostId> redeem_token(const Sha256& token_hash, WallTime now) override;
  Result<store::CertificateRow> find_certificate(const std::string& serial) override;
  Result<void> record_issued(const store::CertificateRow& row, bool renewal) override;

  std::string add_token(const Sha256& ca_hash, const HostId& host, WallTime expires);
  void revoke(const HostId& host);
  std::size_t issued();
  std::size_t unused_tokens();

  std::map<std::string, HostId> records;  // set before serving
  std::optional<Error> record_fails;      // what record_issued answers; set while nobody enrols
  bool revoke_while_recording = false;

 private:
  std::mutex mutex_;
  std::map<Sha256, TokenState> tokens_;
  std::map<std::string, store::CertificateRow> certificates_;
};

class EnrollLab : public testing::Test {
 protected:
  EnrollLab();
  ~EnrollLab() override;

  void serve(EnrollServerConfig config = {});
  // The server's own identity, written as the collector does.
  void write_server_identity(const pki::Ca& ca, WallTime now) const;
  std::string token(const std::string& host = "pay-web-01");
  agent::EnrollTarget target(const std::string& agent = "agent") const;
  Result<pki::CertificateFacts> enroll(const std::string& text, const std::string& agent = "agent") {
    return agent::enroll(target(agent), text, now_);
  }
  Result<pki::CertificateFacts> renew(const std::string& agent = "agent") {
    return agent::renew(target(agent), now_);
  }
  pki::Identity identity(const std::string& agent = "agent") const {
    return pki::read_identity(target(agent).identity_dir, pki::Purpose::kAgent).value();
  }
  void move_to(WallTime now);

  // A client that trusts anybody, for requests that ours never sends; the challenge is already read.
  struct Stranger {
    pki::TlsClient client;
    std::string nonce;
  };
  Result<pki::TlsClient> dial(const std::string& protocol = "ondol-enroll/1") const;
  Stranger stranger() const;
  v1::EnrollReply ask(Stranger& stranger, const std::string& message) const;
  v1::EnrollReply ask(const v1::EnrollRequest& request) const;

  // How often something was counted; wait_for returns when all of them reached `wanted` and fails the test
  // after 20 s.
  std::size_t counted(const std::string& label);
  void wait_for(const std::vector<std::string>& labels, std::size_t wanted);

  std::string root_;
  pki::Ca ca_ = pki::make_ca(kStart).value();
  MemoryBackend backend_;
  WallTime now_ = kStart;
  std::atomic<std::int64_t> server_clock_{unix_ns(kStart)};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, std::size_t> counts_;
  std::unique_ptr<EnrollServer> server_;
};

std::string read_message(pki::TlsClient& client);  // one frame; empty when the connection ended
std::string refusal(const Result<pki::CertificateFacts>& outcome);

}  // namespace ondol::enroll
