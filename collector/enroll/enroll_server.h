// The enrolment listener (7444): its own socket, its own TLS, one thread, everything bounded; no gRPC behind
// it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "collector/enroll/admission.h"
#include "collector/enroll/conversation.h"
#include "collector/enroll/enroll_backend.h"
#include "collector/enroll/enroll_count.h"
#include "common/pki/issue.h"

namespace ondol::enroll {

struct EnrollServerConfig {
  std::string listen = "0.0.0.0:7444";  // address:port, [v6]:port; port 0 picks a free one
  std::string identity_dir;             // server-key.pem, server.pem, ca.pem; may be a link that is swapped
  AdmissionLimits admission = {};
  ConversationLimits conversation = {};
  Milliseconds reload_every{5'000};      // how soon a new server identity is served
  std::function<WallTime()> clock = {};  // empty = the machine's
  std::function<void(const EnrollCount&)> count =
      {};  // called on the enrolment thread; empty = nobody counts
};

// Thread: start, port, stop and the destructor from one; the rest runs on its own thread.
// Limits: AdmissionLimits, ConversationLimits, 16 KiB per frame.
// Events: host_enrolled, certificate_renewed_late, enroll_refused, enroll_accept_failed,
// enroll_identity_failed.
class EnrollServer {
 public:
  ~EnrollServer();
  EnrollServer(const EnrollServer&) = delete;
  EnrollServer& operator=(const EnrollServer&) = delete;

  std::uint16_t port() const;
  void stop();  // stops listening, drops the open conversations, joins; the backend is not called again

 private:
  friend Result<std::unique_ptr<EnrollServer>> start_enroll_server(EnrollServerConfig, const pki::Ca&,
                                                                   EnrollBackend&);
  class Service;
  explicit EnrollServer(std::unique_ptr<Service> service);
  std::unique_ptr<Service> service_;
};

// Listens and serves when it returns. `backend` must outlive it.
Result<std::unique_ptr<EnrollServer>> start_enroll_server(EnrollServerConfig config, const pki::Ca& ca,
                                                          EnrollBackend& backend);

}  // namespace ondol::enroll
