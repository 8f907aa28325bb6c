// Ports of a host, tried from the collector's side.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <future>

#include "collector/session/inbound_ports.h"

namespace ondol::collector {
namespace {

// A listener on a port of loopback; accepts nothing, which the kernel does for it until its queue is full.
class Listener {
 public:
  explicit Listener(int family = AF_INET, int queue = 8) : socket_(::socket(family, SOCK_STREAM, 0)) {
    sockaddr_storage address{};
    address.ss_family = static_cast<sa_family_t>(family);
    socklen_t size = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
    if (family == AF_INET) reinterpret_cast<sockaddr_in&>(address).sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (family == AF_INET6) reinterpret_cast<sockaddr_in6&>(address).sin6_addr = in6addr_loopback;
    EXPECT_EQ(::bind(socket_, reinterpret_cast<sockaddr*>(&address), size), 0);
    if (queue >= 0) {
      EXPECT_EQ(::listen(socket_, queue), 0);
    }
    EXPECT_EQ(::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(reinterpret_cast<sockaddr_in&>(address).sin_port);
  }
  ~Listener() { ::close(socket_); }
  std::uint16_t port() const { return port_; }

 private:
  int socket_;
  std::uint16_t port_ = 0;
};

constexpr int kBoundOnly = -1;  // the port is taken, and nothing listens

std::vector<trial::ProbeResult> tried(InboundPorts& ports, const std::string& host, std::vector<std::uint16_t> list) {
  auto told = std::make_shared<std::promise<std::vector<trial::ProbeResult>>>();
  auto answer = told->get_future();
  ports.open(*parse_address(host), std::move(list), [told](auto results) { told->set_value(std::move(results)); });
  EXPECT_EQ(answer.wait_for(std::chrono::seconds(10)), std::future_status::ready);
  return answer.get();
}

TEST(InboundPorts, AnOpenPortIsGreenAndAClosedOneSaysWhy) {
  const auto ports = make_inbound_ports();
  Listener open, closed(AF_INET, kBoundOnly);
  const auto results = tried(*ports, "127.0.0.1", {open.port(), closed.port()});
  ASSERT_EQ(results.size(), 2u);
  EXPECT_TRUE(results[0].green) << results[0].text;
  EXPECT_EQ(results[0].target.kind, trial::ProbeKind::kInbound);
  EXPECT_EQ(results[0].target.port, open.port());
  EXPECT_GT(results[0].took.count(), 0);
  EXPECT_FALSE(results[1].green);
  EXPECT_EQ(results[1].text, "Connection refused");
}

TEST(InboundPorts, Ipv6IsTriedLikewise) {
  const auto ports = make_inbound_ports();
  Listener open(AF_INET6);
  EXPECT_TRUE(tried(*ports, "::1", {open.port()}).at(0).green);
}

TEST(InboundPorts, NoPortsAreAnsweredWithNoResults) {
  const auto ports = make_inbound_ports();
  EXPECT_TRUE(tried(*ports, "127.0.0.1", {}).empty());
}

// A listener whose queue is full drops what comes: like a firewall that drops.
class Dropping : public Listener {
 public:
  Dropping() : Listener(AF_INET, 0) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    to.sin_port = htons(port());
    for (int& filler : fillers_) {
      filler = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
      static_cast<void>(::connect(filler, reinterpret_cast<sockaddr*>(&to), sizeof(to)));
    }
  }
  ~Dropping() {
    for (const int filler : fillers_) ::close(filler);
  }

 private:
  std::array<int, 4> fillers_{};
};

TEST(InboundPorts, APortThatDropsIsGivenUpInTime) {
  InboundLimits limits;
  limits.answer = Milliseconds{200};
  const auto ports = make_inbound_ports(limits);
  Dropping full;
  const auto results = tried(*ports, "127.0.0.1", {full.port()});
  EXPECT_FALSE(results.at(0).green);
  EXPECT_EQ(results.at(0).text, "no answer within 200 ms");
}

TEST(InboundPorts, WhatFindsNoPlaceInTimeIsSaidToBeUntried) {
  InboundLimits limits;
  limits.attempts = 1;
  limits.answer = Milliseconds{300};
  limits.waiting = Milliseconds{100};
  const auto ports = make_inbound_ports(limits);
  Dropping first, second;
  const auto results = tried(*ports, "127.0.0.1", {first.port(), second.port()});
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(results[0].text, "no answer within 300 ms");
  EXPECT_FALSE(results[1].green);
  EXPECT_EQ(results[1].text, "not tried: the collector tries too many ports of other hosts");
}

TEST(InboundPorts, NothingIsToldAfterTheStop) {
  const auto ports = make_inbound_ports();
  ports->stop();
  ports->open(*parse_address("127.0.0.1"), {1}, [](auto) { FAIL(); });
}

}  // namespace
}  // namespace ondol::collector
