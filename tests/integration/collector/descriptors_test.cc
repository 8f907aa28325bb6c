// A collector without descriptors: who is in stays in, who comes is turned away, and all is well again when there are some.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "tests/integration/collector/scripted_agent.h"

namespace ondol::collector {
namespace {

rlim_t open_descriptors(pid_t process) {
  const std::filesystem::directory_iterator all("/proc/" + std::to_string(process) + "/fd");
  return static_cast<rlim_t>(std::distance(begin(all), end(all)));
}

rlimit set_descriptors(pid_t process, rlim_t soft) {
  rlimit before{};
  EXPECT_EQ(prlimit(process, RLIMIT_NOFILE, nullptr, &before), 0);
  const rlimit wanted{soft, before.rlim_max};
  EXPECT_EQ(prlimit(process, RLIMIT_NOFILE, &wanted, nullptr), 0);
  return before;
}

int connect_to(const std::string& address) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
  inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
  EXPECT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof(to)), 0);
  return fd;
}

// Ended by the other side, with or without an alert before.
bool is_turned_away(int fd) {
  const timeval patience{10, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  char bytes[64];
  ssize_t size = 0;
  while ((size = recv(fd, bytes, sizeof(bytes), 0)) > 0) {
  }
  return size == 0 || errno == ECONNRESET;
}

double value_of(const std::string& page, const std::string& metric) {
  const auto found = page.find("\n" + metric + " ");
  return found == std::string::npos ? -1 : std::stod(page.substr(found + metric.size() + 2));
}

session::Heartbeat beat(std::uint64_t number) { return {number, {}, {}, EventSequence{1}}; }

TEST(Descriptors, WhenTheyAreExhaustedNobodyIsDroppedAndServiceReturnsWithThem) {
  RealCollector collector;
  collector.start();
  collector.import({"h1", "h2"});
  ScriptedAgent inside(collector, "h1"), outside(collector, "h2");
  inside.connect();
  ASSERT_TRUE(inside.wait_for<session::Welcome>());
  const rlimit before = set_descriptors(collector.process(), open_descriptors(collector.process()) + 3);
  std::vector<int> crowd;
  for (int i = 0; i < 64; ++i) crowd.push_back(connect_to(collector.agents_address()));
  int turned_away = 0;
  for (std::size_t i = 3; i < crowd.size(); ++i) turned_away += is_turned_away(crowd[i]) ? 1 : 0;
  EXPECT_EQ(turned_away, 61) << "three places, one for each descriptor that was left, or fewer";
  inside.say(beat(1));
  for (const int fd : crowd) close(fd);
  prlimit(collector.process(), RLIMIT_NOFILE, &before, nullptr);
  const auto returned = std::chrono::steady_clock::now();
  outside.connect();
  ASSERT_TRUE(outside.wait_for<session::Welcome>());
  const auto took = std::chrono::steady_clock::now() - returned;
  std::printf("service again after %.2f s (2 s are promised)\n", std::chrono::duration<double>(took).count());
  EXPECT_FALSE(inside.was_told<session::Goodbye>());
  collector.apply("routes:\n  list:\n    - { to: 10.20.0.0/16, via: 10.0.0.1 }\n");
  EXPECT_TRUE(inside.wait_for<session::DesiredOffer>()) << "who was in is served as before";
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);  // metrics are copied each second
  std::string page;
  do page = collector.metrics();
  while (!(value_of(page, "ondol_collector_limit_hits_total{limit=\"descriptors\"}") > 0) && std::chrono::steady_clock::now() < until);
  EXPECT_GT(value_of(page, "ondol_collector_limit_hits_total{limit=\"descriptors\"}"), 0);
  EXPECT_EQ(value_of(page, "ondol_collector_limit{limit=\"accepts_per_second\"}"), 1'000);
}

TEST(Descriptors, AreDividedAtTheStartSoThatAgentsMeetALimitBeforeTheSystemDoes) {
  RealCollector collector;
  collector.start(512);
  const std::string page = collector.metrics();
  EXPECT_EQ(value_of(page, "ondol_collector_limit{limit=\"descriptors\"}"), 512);
  EXPECT_EQ(value_of(page, "ondol_collector_limit{limit=\"connections\"}"), 512 - 64 - 64 - 64);
  EXPECT_EQ(value_of(page, "ondol_collector_limit_hits_total{limit=\"connections\"}"), 0);
}

}  // namespace
}  // namespace ondol::collector
