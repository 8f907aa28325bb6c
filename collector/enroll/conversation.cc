#include "collector/enroll/conversation.h"

#include <boost/asio/read.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "common/pki/bytes.h"
#include "common/pki/enroll_frame.h"
#include "ondol/v1/enroll.pb.h"

namespace ondol::enroll {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// Completion by an error code instead of an exception.
auto into(error_code& error) { return asio::redirect_error(asio::use_awaitable, error); }

}  // namespace

Conversation::Conversation(asio::ip::tcp::socket socket, TlsContext context, const ConversationLimits& limits,
                           Clock clock, Judge judge)
    : context_(std::move(context)),
      stream_(std::move(socket), *context_),
      limits_(limits),
      clock_(std::move(clock)),
      judge_(std::move(judge)),
      timer_(stream_.get_executor()),
      accepted_(std::chrono::steady_clock::now()) {}

// Closing the socket ends whatever operation waits on it. A cancelled wait may have been queued as done
// already, so the handler looks at the clock, not at its error.
void Conversation::arm(Milliseconds limit) {
  timer_.expires_at(accepted_ + limit);
  timer_.async_wait([self = shared_from_this()](const error_code&) {
    if (self->timer_.expiry() > std::chrono::steady_clock::now()) return;
    self->cut_off_ = true;
    error_code ignored;
    self->stream_.lowest_layer().close(ignored);
  });
}

asio::awaitable<Ending> Conversation::run() {
  const auto self = shared_from_this();
  arm(std::min(limits_.handshake, limits_.whole));
  const Ending ending = co_await speak();
  // The timer's handler holds this object; without it the connection would keep its place until the limit.
  timer_.expires_at(std::chrono::steady_clock::time_point::max());
  error_code ignored;
  stream_.lowest_layer().close(ignored);
  co_return cut_off_ ? Ending::kTimeout : ending;
}

asio::awaitable<Ending> Conversation::speak() {
  error_code error;
  co_await stream_.async_handshake(Stream::server, into(error));
  if (error || !speaks_enrolment(stream_.native_handle())) co_return Ending::kHandshake;
  arm(limits_.whole);
  const std::string nonce = pki::random_bytes(pki::kNonceSize);
  v1::Challenge challenge;
  challenge.set_nonce(nonce);
  challenge.set_time_unix_ns(unix_ns(clock_()));
  if (!co_await send(challenge.SerializeAsString())) co_return Ending::kBroken;
  const std::string request = co_await receive();
  if (request.empty()) co_return Ending::kFrame;
  if (!co_await send(judge_(nonce, request))) co_return Ending::kBroken;
  co_return Ending::kAnswered;
}

asio::awaitable<bool> Conversation::send(std::string message) {
  const auto frame = pki::encode_frame(message);
  if (!frame) co_return false;
  error_code error;
  co_await asio::async_write(stream_, asio::buffer(*frame), into(error));
  co_return !error;
}

asio::awaitable<std::string> Conversation::receive() {
  error_code error;
  std::string header(pki::kFrameHeader, '\0');
  co_await asio::async_read(stream_, asio::buffer(header), into(error));
  if (error) co_return std::string();
  const auto size = pki::decode_frame_size(header);
  if (!size) co_return std::string();
  std::string message(*size, '\0');
  co_await asio::async_read(stream_, asio::buffer(message), into(error));
  co_return error ? std::string() : message;
}

}  // namespace ondol::enroll
