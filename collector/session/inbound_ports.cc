#include "collector/session/inbound_ports.h"

#include <fmt/format.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <thread>

namespace ondol::collector {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using SteadyTime = std::chrono::steady_clock::time_point;

asio::ip::address to_asio(const IpAddress& address) {
  const auto octets = address.octets();
  if (address.family == Family::kIpv4) {
    asio::ip::address_v4::bytes_type bytes;
    std::copy(octets.begin(), octets.end(), bytes.begin());
    return asio::ip::address_v4(bytes);
  }
  asio::ip::address_v6::bytes_type bytes;
  std::copy(octets.begin(), octets.end(), bytes.begin());
  return asio::ip::address_v6(bytes);
}

// All ports of one question.
struct Question {
  IpAddress host;
  std::vector<trial::ProbeResult> results;
  std::size_t left = 0;
  InboundPorts::Done done;

  void answered() {
    if (--left == 0) done(std::move(results));
  }
};

struct Waiting {
  std::shared_ptr<Question> question;
  std::size_t at = 0;  // which result
  SteadyTime since;
};

// On one machine a connection may meet its own end, when the port asked for is the one that it was given.
bool met_itself(const tcp::socket& socket) {
  error_code error;
  const auto near = socket.local_endpoint(error);
  const auto far = socket.remote_endpoint(error);
  return !error && near == far;
}

// One connection under way.
struct Attempt {
  Attempt(asio::io_context& loop, Waiting asked) : what(std::move(asked)), socket(loop), limit(loop) {}
  Waiting what;
  tcp::socket socket;
  asio::steady_timer limit;
  SteadyTime begun = std::chrono::steady_clock::now();
  bool late = false;
};

class AsioInboundPorts final : public InboundPorts {
 public:
  explicit AsioInboundPorts(const InboundLimits& limits) : limits_(limits), thread_([this] { loop_.run(); }) {}
  ~AsioInboundPorts() override { stop(); }

  void open(const IpAddress& host, std::vector<std::uint16_t> ports, Done done) override {
    auto question = std::make_shared<Question>();
    question->host = host;
    question->left = ports.size();
    question->done = std::move(done);
    for (const std::uint16_t port : ports) {
      trial::ProbeResult result;
      result.target.kind = trial::ProbeKind::kInbound;
      result.target.port = port;
      question->results.push_back(std::move(result));
    }
    asio::post(loop_, [this, question] { take(question); });
  }
  void stop() override {
    loop_.stop();
    if (thread_.joinable()) thread_.join();
  }

 private:
  void take(const std::shared_ptr<Question>& question) {
    if (question->results.empty()) return question->done({});
    const auto now = std::chrono::steady_clock::now();
    for (std::size_t at = 0; at < question->results.size(); ++at) waiting_.push_back({question, at, now});
    start_next();
  }

  void start_next() {
    const auto now = std::chrono::steady_clock::now();
    while (!waiting_.empty() && under_way_ < limits_.attempts) {
      Waiting next = std::move(waiting_.front());
      waiting_.pop_front();
      if (now - next.since > limits_.waiting) {
        tell(next, false, "not tried: the collector tries too many ports of other hosts", Nanoseconds{});
      } else {
        start(std::move(next));
      }
    }
  }

  void start(Waiting next) {
    ++under_way_;
    auto attempt = std::make_shared<Attempt>(loop_, std::move(next));
    const Question& question = *attempt->what.question;
    attempt->limit.expires_after(limits_.answer);
    attempt->limit.async_wait([attempt](const error_code& error) {
      if (error) return;
      attempt->late = true;
      error_code ignored;
      attempt->socket.close(ignored);
    });
    const tcp::endpoint to(to_asio(question.host), question.results[attempt->what.at].target.port);
    attempt->socket.async_connect(to, [this, attempt](const error_code& error) { ended(*attempt, error); });
  }

  void ended(Attempt& attempt, const error_code& error) {
    --under_way_;
    attempt.limit.cancel();
    const Nanoseconds took = std::chrono::steady_clock::now() - attempt.begun;
    if (attempt.late) {
      tell(attempt.what, false, fmt::format("no answer within {} ms", limits_.answer.count()), took);
    } else if (error) {
      tell(attempt.what, false, error.message(), took);
    } else {
      const bool alone = met_itself(attempt.socket);
      tell(attempt.what, !alone, alone ? "nothing listens" : "connected", took);
    }
    error_code ignored;
    attempt.socket.close(ignored);
    start_next();
  }

  static void tell(const Waiting& what, bool green, std::string text, Nanoseconds took) {
    trial::ProbeResult& result = what.question->results[what.at];
    result.green = green;
    result.text = std::move(text);
    result.took = took;
    what.question->answered();
  }

  InboundLimits limits_;
  asio::io_context loop_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{loop_.get_executor()};
  std::deque<Waiting> waiting_;  // oldest first
  std::size_t under_way_ = 0;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<InboundPorts> make_inbound_ports(const InboundLimits& limits) {
  return std::make_unique<AsioInboundPorts>(limits);
}

}  // namespace ondol::collector
