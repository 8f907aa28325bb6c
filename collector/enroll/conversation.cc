#include "collector/enroll/conversation.h"

#include <algorithm>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include "common/pki/bytes.h"
#include "common/pki/enroll_frame.h"
#include "ondol/v1/enroll.pb.h"

namespace ondol::enroll {

namespace asio = boost::asio;
using boost::system::error_code;

Conversation::Conversation(asio::ip::tcp::socket socket, TlsContext context, const ConversationLimits& limits,
                           ConversationCalls calls)
    : context_(std::move(context)),
      stream_(std::move(socket), *context_),
      limits_(limits),
      calls_(std::move(calls)),
      timer_(stream_.get_executor()),
      accepted_(std::chrono::steady_clock::now()) {}

void Conversation::start() {
  arm(std::min(limits_.handshake, limits_.whole));
  stream_.async_handshake(asio::ssl::stream_base::server,
                          [self = shared_from_this()](const error_code& error) {
                            if (error || !speaks_enrolment(self->stream_.native_handle()))
                              return self->end(Ending::kHandshake);
                            self->arm(self->limits_.whole);
                            self->challenge();
                          });
}

// Closing the socket ends whatever operation waits on it. A wait that was moved may have been queued as done
// already, so the limit that is in force is looked at, not the error.
void Conversation::arm(Milliseconds limit) {
  timer_.expires_at(accepted_ + limit);
  timer_.async_wait([self = shared_from_this()](const error_code&) {
    if (self->ended_ || self->timer_.expiry() > std::chrono::steady_clock::now()) return;
    self->cut_off_ = true;
    error_code ignored;
    self->stream_.lowest_layer().close(ignored);
  });
}

void Conversation::challenge() {
  nonce_ = pki::random_bytes(pki::kNonceSize);
  v1::Challenge challenge;
  challenge.set_nonce(nonce_);
  challenge.set_time_unix_ns(unix_ns(calls_.clock()));
  send(challenge.SerializeAsString(), &Conversation::read_header);
}

void Conversation::read_header() { receive(pki::kFrameHeader, &Conversation::read_message); }

void Conversation::read_message() {
  const auto size = pki::decode_frame_size(incoming_);
  if (!size) return end(Ending::kFrame);
  receive(*size, &Conversation::reply);
}

void Conversation::reply() { send(calls_.judge(nonce_, incoming_), &Conversation::answered); }

void Conversation::send(const std::string& message, Next next) {
  auto frame = pki::encode_frame(message);
  if (!frame) return end(Ending::kBroken);
  outgoing_ = std::move(*frame);
  asio::async_write(stream_, asio::buffer(outgoing_),
                    [self = shared_from_this(), next](const error_code& error, std::size_t) {
                      error ? self->end(Ending::kBroken) : ((*self).*next)();
                    });
}

void Conversation::receive(std::size_t size, Next next) {
  incoming_.assign(size, '\0');
  asio::async_read(stream_, asio::buffer(incoming_),
                   [self = shared_from_this(), next](const error_code& error, std::size_t) {
                     error ? self->end(Ending::kFrame) : ((*self).*next)();
                   });
}

// The reply has its length: no close_notify is waited for, and a peer that reads slowly holds no place for
// it.
void Conversation::end(Ending ending) {
  ended_ = true;
  error_code ignored;
  timer_.cancel(ignored);
  stream_.lowest_layer().close(ignored);
  calls_.ended(cut_off_ ? Ending::kTimeout : ending);
}

}  // namespace ondol::enroll
