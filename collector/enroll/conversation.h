// One enrolment connection: handshake, challenge, one request, one reply, end; or the limit that cuts it off.
#pragma once

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

// What a conversation asks of its owner.
struct ConversationCalls {
  std::function<WallTime()> clock;
  // Nonce and request in, serialised reply out; called once at most.
  std::function<std::string(const std::string& nonce, const std::string& request)> judge;
  std::function<void(Ending)> ended;  // exactly once, unless the executor was stopped before
};

// Kept alive by the operations that it waits for. Thread: the executor's one.
class Conversation : public std::enable_shared_from_this<Conversation> {
 public:
  Conversation(boost::asio::ip::tcp::socket socket, TlsContext context, const ConversationLimits& limits,
               ConversationCalls calls);

  void start();

 private:
  using Next = void (Conversation::*)();

  void arm(Milliseconds limit);
  void challenge();
  void read_header();
  void read_message();
  void reply();
  void answered() { end(Ending::kAnswered); }
  // Run `next` when the operation is done; a failed one ends the conversation.
  void send(const std::string& message, Next next);
  void receive(std::size_t size, Next next);
  void end(Ending ending);

  TlsContext context_;
  boost::asio::ssl::stream<boost::asio::ip::tcp::socket> stream_;
  ConversationLimits limits_;
  ConversationCalls calls_;
  boost::asio::steady_timer timer_;
  std::chrono::steady_clock::time_point accepted_;
  std::string nonce_, outgoing_, incoming_;  // one operation at a time
  bool cut_off_ = false, ended_ = false;
};

}  // namespace ondol::enroll
