// The transport of one agent, behind an interface: moves whole messages, decides nothing.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "common/session/messages.h"

namespace ondol::agent {

struct SessionTarget {
  std::string address;        // host:port of 7443
  std::string server_name;    // the DNS name the collector's certificate must carry
  std::string identity_dir;   // certificate.pem, key.pem, ca.pem: read at each open(); an open stream outlives a renewal
};

// Called on the loop thread (the transport posts to it), never from inside a SessionLink call.
struct SessionCallbacks {
  std::function<void()> on_open;                         // TLS is up and the stream accepted writes
  std::function<void(session::ToAgent)> on_message;      // a Goodbye may come before on_open: turned away before TLS
  std::function<void(std::string reason, bool refused)> on_closed;  // exactly once per open(); refused = UNAUTHENTICATED etc.
};

// Thread: loop thread only.
class SessionLink {
 public:
  virtual ~SessionLink() = default;
  virtual void open(const SessionTarget& target) = 0;  // only after on_closed of the one before, or first
  // One write in flight, the rest queued in order: the queue is bounded by its users (newest value only, one batch).
  virtual void send(const session::ToCollector& message) = 0;
  virtual std::size_t queued() const = 0;
  virtual void close() = 0;  // on_closed still comes
};

using PostToLoop = std::function<void(std::function<void()>)>;  // thread-safe
std::unique_ptr<SessionLink> make_grpc_session_link(PostToLoop post, SessionCallbacks callbacks);

}  // namespace ondol::agent
