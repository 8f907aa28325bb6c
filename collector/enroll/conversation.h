// One enrolment connection: handshake, challenge, one request, one reply, end; or the limit that cuts it off.
#pragma once

#include <utility>  // Boost 1.74's awaitable.hpp uses std::exchange without it

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>

#include "collector/enroll/tls_context.h"
#include "common/base/clock.h"

namespace ondol::enroll {

struct ConversationLimits {
  Milliseconds handshake{5000};
  Milliseconds whole{10000};  // from the accept
};

enum class Ending { kAnswered, kHandshake, kFrame, kTimeout, kBroken };

using Clock = std::function<WallTime()>;

// Nonce and request in, serialised reply out; called once at most.
using Judge = std::function<std::string(const std::string& nonce, const std::string& request)>;

// Owns itself through its coroutine. Thread: the executor's one.
class Conversation : public std::enable_shared_from_this<Conversation> {
 public:
  Conversation(boost::asio::ip::tcp::socket socket, TlsContext context, const ConversationLimits& limits,
               Clock clock, Judge judge);

  boost::asio::awaitable<Ending> run();

 private:
  using Stream = boost::asio::ssl::stream<boost::asio::ip::tcp::socket>;

  void arm(Milliseconds limit);
  boost::asio::awaitable<Ending> speak();
  boost::asio::awaitable<bool> send(std::string message);
  boost::asio::awaitable<std::string> receive();  // empty: not a frame, or the peer is gone

  TlsContext context_;
  Stream stream_;
  ConversationLimits limits_;
  Clock clock_;
  Judge judge_;
  boost::asio::steady_timer timer_;
  std::chrono::steady_clock::time_point accepted_;
  bool cut_off_ = false;
};

}  // namespace ondol::enroll
