// The collector's disk is full: reads go on, changes are refused, sessions stay, nothing is acknowledged; then it heals.
#include <gtest/gtest.h>
#include <grpcpp/grpcpp.h>

#include <fstream>

#include "tests/integration/collector/reported.h"
#include "tests/integration/collector/scripted_agent.h"

namespace ondol::collector {
namespace {

constexpr int kStateMib = 4;
constexpr const char* kLayer = "mode: { routes: enforce }\nroutes:\n  list:\n    - { to: 10.20.0.0/16, via: 10.0.0.1 }\n";

class Filler {
 public:
  explicit Filler(std::filesystem::path path) : path_(std::move(path)) {
    std::ofstream out(path_, std::ios::binary);
    const std::string block(4096, 'x');
    while (out.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) {}
  }
  ~Filler() { std::filesystem::remove(path_); }

 private:
  std::filesystem::path path_;
};

// Many routes: a value larger than what a page of the write-ahead log may still hold.
session::ValueReport large_value() {
  session::RoutesReport report;
  for (int i = 0; i < 2'000; ++i) {
    report.snapshot.routes.push_back(
        routes::written_route("10." + std::to_string(i / 256) + "." + std::to_string(i % 256) + ".0/24 via 10.0.0.1"));
  }
  report.snapshot.compared = 2'000;
  const std::string payload = wire::encode(report);
  return {digest_of(payload), payload, std::move(report)};
}

TEST(DiskFull, ChangesAreRefusedSessionsStayAndWhatWaitedIsStoredWhenItHeals) {
  RealCollector collector(kStateMib);
  collector.start();
  collector.import({"h1"});
  ScriptedAgent agent(collector, "h1");
  agent.connect();
  ASSERT_TRUE(agent.wait_for<session::Welcome>());
  const auto value = large_value();
  {
    const Filler filler(collector.folder() / "state" / "filler");
    v1::ConfigReply reply;
    const auto refused = collector.try_apply(kLayer + std::string(200'000, '#') + "\n", reply);
    EXPECT_EQ(refused.error_code(), grpc::StatusCode::UNAVAILABLE);
    EXPECT_EQ(refused.error_message().rfind("audit not durable: ", 0), 0u) << refused.error_message();
    EXPECT_EQ(collector.show("h1").numbers(0).offered(), 0u);
    EXPECT_NE(collector.status().store_error(), "");
    agent.say(value);
    agent.say(batch({removed(1, "10.20.0.0/16 via 10.0.0.1")}));
    EXPECT_EQ(collector.show("h1").liveness(), v1::LIVENESS_ONLINE);
    EXPECT_FALSE(agent.was_told<session::ValueAck>());
  }
  const auto ack = agent.wait_for<session::ValueAck>();
  ASSERT_TRUE(ack);
  EXPECT_EQ(ack->digest, value.digest);
  ASSERT_TRUE(agent.wait_for<session::EventAck>());
  EXPECT_EQ(collector.status().store_error(), "");
  collector.apply(kLayer);
  EXPECT_TRUE(agent.wait_for<session::DesiredOffer>());
}

}  // namespace
}  // namespace ondol::collector
