// The agents' door (7443): accepts sockets itself, hands them to gRPC, moves whole messages, decides nothing.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "common/session/messages.h"

namespace ondol::collector {

using ConnectionId = StrongId<struct ConnectionIdTag, std::uint64_t>;  // one stream; never reused in a process

struct SessionServerOptions {
  std::string listen;                      // 0.0.0.0:7443
  std::string identity_dir;                // server.pem, server-key.pem, ca.pem: watched
  std::size_t max_connections = 15'000;    // below the descriptor limit
  std::size_t max_per_source = 64;
  std::size_t accepts_per_second = 1'000;
  std::size_t max_handshakes = 64;         // under way at a time: open streams come first
  std::chrono::milliseconds handshake_limit{5'000};
  std::chrono::milliseconds contact_limit{15'000};  // a contact is one question: nobody keeps a stream with it
};

// What the transport tells; called on the shard's thread.
struct SessionEvents {
  // The certificate's host (exactly one URI SAN ondol://host/NAME) and serial, before any message.
  std::function<void(ConnectionId, HostId, std::string certificate_serial, std::string peer)> on_open;
  // The next message is read only after this returns: that is the flow control. Hello.host has been checked to equal
  // the certificate's host (Contact.host likewise); anything but Hello or Contact first, anything at all after a
  // Contact, a bad chunk or a broken bound closes the stream with a code. A Contact that is not answered within its
  // limit is cut off.
  std::function<void(ConnectionId, session::ToCollector)> on_message;
  std::function<void(ConnectionId, std::string reason)> on_closed;  // exactly once per on_open
  // A connection from the address of this host alone got through TCP and not through TLS.
  std::function<void(HostId)> on_turned_away = [](const HostId&) {};
};

struct SessionCounters {  // for metrics; monotonic except open
  std::uint64_t accepted = 0, refused_cap = 0, refused_source = 0, refused_rate = 0, refused_handshakes = 0;
  std::uint64_t descriptors_exhausted = 0, handshake_timeout = 0, contact_timeout = 0, bad_input = 0;
  std::uint64_t open = 0;  // streams that are not known to be contacts
  std::uint64_t messages_in = 0, messages_out = 0;
};

// Thread: the shard's (the server runs it: one completion queue, one thread); post() is thread-safe.
class SessionServer {
 public:
  virtual ~SessionServer() = default;
  virtual void post(std::function<void()> task) = 0;  // run on the shard's thread
  virtual void send(ConnectionId to, const session::ToAgent& message) = 0;  // newest-value outbox: a newer DesiredOffer replaces a queued one
  virtual void close(ConnectionId which, const std::string& reason, std::chrono::milliseconds retry_after) = 0;
  virtual void answer(ConnectionId contact, const session::ContactReply& reply) = 0;  // and the stream ends with OK
  virtual std::uint16_t port() const = 0;  // the bound one, for listen "...:0"
  virtual SessionCounters counters() const = 0;
  virtual void stop() = 0;  // closes all with Goodbye, returns when every stream has ended
};

// Starts listening and the shard thread. timer: a callback about every 100 ms on the shard's thread.
Result<std::unique_ptr<SessionServer>> start_session_server(const SessionServerOptions& options, SessionEvents events,
                                                            std::function<void()> timer);

}  // namespace ondol::collector
