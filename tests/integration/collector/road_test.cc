// The road through the real collector: record, token, identity, session, intent, drift, watch.
#include <gtest/gtest.h>
#include <grpcpp/grpcpp.h>
#include <pwd.h>
#include <unistd.h>

#include "tests/integration/collector/reported.h"
#include "tests/integration/collector/scripted_agent.h"

namespace ondol::collector {
namespace {

constexpr const char* kCard = "10.20.0.0/16 via 10.0.0.1";
constexpr const char* kLayer =
    "mode: { routes: enforce }\nroutes:\n  list:\n    - { to: 10.20.0.0/16, via: 10.0.0.1, reason: \"card network\" }\n";

struct Road : ::testing::Test {
  RealCollector collector;
  void SetUp() override {
    collector.start();
    collector.import({"h1", "h2"});
  }
};

TEST_F(Road, ARecordATokenACertificateAndAStreamMakeAHostOnline) {
  EXPECT_EQ(collector.show("h1").liveness(), v1::LIVENESS_NEVER_ENROLLED);
  ScriptedAgent agent(collector, "h1");
  agent.connect();
  ASSERT_TRUE(agent.wait_for<session::Welcome>());
  EXPECT_EQ(collector.show("h1").liveness(), v1::LIVENESS_ONLINE);
  agent.hang_up();
  EXPECT_EQ(collector.show("h1").liveness(), v1::LIVENESS_SILENT);
}

TEST_F(Road, WrittenIntentIsOfferedAcknowledgedAndItsDriftListed) {
  ScriptedAgent agent(collector, "h1");
  agent.connect();
  ASSERT_TRUE(agent.wait_for<session::Welcome>());
  const v1::ConfigReply reply = collector.apply(kLayer);
  for (const v1::Finding& finding : reply.findings()) {
    EXPECT_EQ(finding.severity(), v1::Finding::SEVERITY_WARNING) << finding.message();
  }
  EXPECT_EQ(reply.hosts_changed(), 2u);
  const auto offer = agent.wait_for<session::DesiredOffer>();
  ASSERT_TRUE(offer);
  EXPECT_EQ(offer->state.generation, Generation{1});
  EXPECT_EQ(offer->state.revision.value, reply.revision());
  agent.say(runs(1));
  agent.say(reported({}));
  ASSERT_TRUE(agent.wait_for<session::ValueAck>());
  const auto drift = collector.drift(false);
  ASSERT_EQ(drift.size(), 1u);
  EXPECT_EQ(drift[0].host(), "h1");
  EXPECT_EQ(drift[0].kind(), v1::DRIFT_KIND_MISSING);
  const v1::FourNumbers numbers = collector.show("h1").numbers(0);
  EXPECT_EQ(numbers.offered(), 1u);
  EXPECT_EQ(numbers.running(), 1u);
  EXPECT_EQ(numbers.mode(), v1::MODE_ENFORCE);
}

TEST_F(Road, AHandDeleteIsWatchedWithItsAuthorAsItHappens) {
  ScriptedAgent agent(collector, "h1");
  agent.connect();
  ASSERT_TRUE(agent.wait_for<session::Welcome>());
  collector.apply(kLayer);
  ASSERT_TRUE(agent.wait_for<session::DesiredOffer>());
  agent.say(runs(1));
  agent.say(reported({kCard}));
  ASSERT_TRUE(agent.wait_for<session::ValueAck>());

  grpc::ClientContext context;
  v1::WatchDriftRequest request;
  request.set_selector("app=settlement");
  auto watch = collector.admin().WatchDrift(&context, request);
  watch->WaitForInitialMetadata();
  agent.say(batch({removed(1, kCard), repair(2, kCard, 1)}));
  v1::Drift drift;
  ASSERT_TRUE(watch->Read(&drift));
  EXPECT_EQ(drift.outcome(), "repaired");
  EXPECT_EQ(drift.author().user(), "kim");
  EXPECT_EQ(drift.text(), "10.20.0.0/16 removed by `ip route del 10.20.0.0/16` (pid 4121, user kim, session 12, from "
                          "10.0.0.5); back after 0.2 ms");
  context.TryCancel();
  EXPECT_EQ(collector.drift(true).size(), 1u);
}

TEST_F(Road, AnAgentThatSpeaksForAnotherHostIsRefused) {
  ScriptedAgent agent(collector, "h1");
  agent.greet_as("h2");
  agent.connect();
  const auto reason = agent.wait_for_close();
  ASSERT_TRUE(reason);
  EXPECT_NE(reason->find("h2"), std::string::npos) << *reason;
  EXPECT_EQ(collector.show("h2").liveness(), v1::LIVENESS_NEVER_ENROLLED);
}

TEST_F(Road, TwoAgentsWithOneIdentityTheNewerIsSentAway) {
  ScriptedAgent first(collector, "h1");
  first.connect();
  ASSERT_TRUE(first.wait_for<session::Welcome>());
  ScriptedAgent second(collector, "h1", "i2");
  second.connect();
  ASSERT_TRUE(first.wait_for<session::ValueRequest>()) << "asked for a sign of life";
  first.say(session::Heartbeat{});
  const auto goodbye = second.wait_for<session::Goodbye>();
  ASSERT_TRUE(goodbye);
  EXPECT_EQ(goodbye->reason, "another agent with this identity is connected");
}

TEST_F(Road, ARevokedHostIsCutOffWithinFiveSeconds) {
  ScriptedAgent agent(collector, "h1");
  agent.connect();
  ASSERT_TRUE(agent.wait_for<session::Welcome>());
  v1::RevokeHostRequest request;
  request.set_host("h1");
  v1::RevokeHostReply reply;
  grpc::ClientContext context;
  ASSERT_TRUE(collector.admin().RevokeHost(&context, request, &reply).ok());
  EXPECT_EQ(reply.certificates(), 1u);
  const auto from = std::chrono::steady_clock::now();
  ASSERT_TRUE(agent.wait_for_close());
  EXPECT_LT(std::chrono::steady_clock::now() - from, std::chrono::seconds(5));
}

TEST_F(Road, TheCollectorNamesWhoAsks) {
  const v1::GetStatusReply reply = collector.status();
  const passwd* user = getpwuid(getuid());
  EXPECT_EQ(reply.caller(), "uid " + std::to_string(getuid()) + " (" + (user != nullptr ? user->pw_name : "?") + ")");
  v1::ShowRecordRequest request;
  request.set_host("h1");
  v1::Record record;
  grpc::ClientContext second;
  ASSERT_TRUE(collector.admin().ShowRecord(&second, request, &record).ok());
  EXPECT_EQ(record.changed_by(), reply.caller());
}

TEST_F(Road, AnUnknownHostIsNotFoundAndSaysWhereToLook) {
  v1::ShowHostRequest request;
  request.set_host("nobody");
  v1::ShowHostReply reply;
  grpc::ClientContext context;
  const auto status = collector.admin().ShowHost(&context, request, &reply);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(status.error_message(), "no host nobody (see `ondolctl host list`)");
}

TEST_F(Road, MetricsShowSessionsAndHosts) {
  ScriptedAgent agent(collector, "h1");
  agent.connect();
  ASSERT_TRUE(agent.wait_for<session::Welcome>());
  const auto lacking = [](const std::string& page) -> std::string {
    for (const char* line : {"ondol_collector_sessions 1", "ondol_collector_hosts{liveness=\"never_enrolled\"} 1",
                             "ondol_collector_certificates_issued_total{kind=\"first\"} 1"}) {
      if (page.find(line) == std::string::npos) return line;
    }
    return {};
  };
  std::string page;  // each part is brought up to date by itself, about once a second
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  do page = collector.metrics();
  while (!lacking(page).empty() && std::chrono::steady_clock::now() < until);
  EXPECT_EQ(lacking(page), "") << page;
}

TEST_F(Road, SigtermStopsItWithinFiveSecondsAndStatusesAreKept) {
  ScriptedAgent agent(collector, "h1");
  agent.connect();
  ASSERT_TRUE(agent.wait_for<session::Welcome>());
  const auto from = std::chrono::steady_clock::now();
  EXPECT_EQ(collector.stop(), 0);
  EXPECT_LT(std::chrono::steady_clock::now() - from, std::chrono::seconds(5));
  collector.start();
  const v1::HostSummary host = collector.show("h1");
  EXPECT_EQ(host.liveness(), v1::LIVENESS_UNKNOWN_SINCE_RESTART);
  EXPECT_GT(host.last_seen_unix_ns(), 0);
}

}  // namespace
}  // namespace ondol::collector
