// What the real collector tells an operator: how far a change is, what is wrong with whom, and lists page by
// page.
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>

#include "tests/integration/collector/reported.h"
#include "tests/integration/collector/scripted_agent.h"

namespace ondol::collector {
namespace {

constexpr const char* kLayer =
    "mode: { routes: enforce }\nroutes:\n  list:\n    - { to: 10.20.0.0/16, via: 10.0.0.1, reason: \"card "
    "network\" }\n";

struct Operator : ::testing::Test {
  RealCollector collector;
  void SetUp() override {
    collector.start();
    collector.import({"h1", "h2", "h3"});
  }
  v1::Progress progress(const std::string& revision = "") {
    v1::GetProgressRequest request;
    request.set_revision(revision);
    v1::Progress reply;
    grpc::ClientContext context;
    const grpc::Status status = collector.admin().GetProgress(&context, request, &reply);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return reply;
  }
  static std::uint32_t at(const v1::Progress& progress, v1::Step step) {
    for (const v1::StepCount& count : progress.steps()) {
      if (count.step() == step) return count.hosts();
    }
    ADD_FAILURE() << "no such step: " << step;
    return 0;
  }
  std::map<v1::Trouble, std::uint32_t> troubles() {
    std::map<v1::Trouble, std::uint32_t> hosts;
    const v1::GetStatusReply reply = collector.status();
    for (const v1::TroubleCount& count : reply.troubles()) hosts[count.trouble()] = count.hosts();
    return hosts;
  }
};

TEST_F(Operator, SeesAChangeComeFromWaitingToAppliedAndWhoIsNotReached) {
  ScriptedAgent agent(collector, "h1");
  agent.connect();
  ASSERT_TRUE(agent.wait_for<session::Welcome>());
  EXPECT_EQ(progress().hosts(), 0U) << "nothing was ever written";
  const std::string revision = collector.apply(kLayer).revision();
  ASSERT_TRUE(agent.wait_for<session::DesiredOffer>());
  const v1::Progress waiting = progress(revision.substr(0, 12));
  EXPECT_EQ(waiting.hosts(), 3U);
  EXPECT_EQ(at(waiting, v1::STEP_WAITING), 1U);
  EXPECT_EQ(at(waiting, v1::STEP_UNREACHABLE), 2U);
  ASSERT_EQ(waiting.stragglers_size(), 3);
  EXPECT_EQ(waiting.stragglers(0).host(), "h2");
  EXPECT_EQ(waiting.stragglers(0).reason(), "never enrolled");
  agent.say(runs(1));
  agent.say(reported({}));
  ASSERT_TRUE(agent.wait_for<session::ValueAck>());
  EXPECT_EQ(at(progress(revision), v1::STEP_APPLIED), 1U);
  EXPECT_EQ(progress("ffff").hosts(), 0U);
  EXPECT_EQ(at(collector.status().progress(), v1::STEP_APPLIED), 1U);
}

TEST_F(Operator, SeesWhatIsWrongWithWhomInStatusAndWithEachHost) {
  ScriptedAgent agent(collector, "h1");
  agent.connect();
  ASSERT_TRUE(agent.wait_for<session::Welcome>());
  EXPECT_EQ(troubles(),
            (std::map<v1::Trouble, std::uint32_t>{{v1::TROUBLE_NEVER_ENROLLED, 2}, {v1::TROUBLE_OK, 1}}));
  collector.apply(kLayer);
  ASSERT_TRUE(agent.wait_for<session::DesiredOffer>());
  agent.say(runs(1));
  agent.say(reported({}));
  ASSERT_TRUE(agent.wait_for<session::ValueAck>());
  const v1::HostSummary drifting = collector.show("h1");
  EXPECT_EQ(drifting.trouble(), v1::TROUBLE_DRIFT);
  EXPECT_EQ(drifting.trouble_reason(), "1 missing, 0 changed, 0 extra");
  agent.hang_up();
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);  // it hears of it a moment later
  while (std::chrono::steady_clock::now() < until && collector.show("h1").trouble() != v1::TROUBLE_SILENT) {
  }
  EXPECT_EQ(collector.show("h1").trouble(), v1::TROUBLE_SILENT);
  const v1::GetStatusReply status = collector.status();
  ASSERT_GE(status.troubles_size(), 1);
  EXPECT_EQ(status.troubles(0).trouble(), v1::TROUBLE_SILENT);
  EXPECT_EQ(status.troubles(0).examples(0), "h1");
}

TEST_F(Operator, PagesOfHostsFollowTheNamesAndHoldEachOnce) {
  std::string names;
  v1::ListHostsRequest request;
  request.set_page_size(2);
  do {
    v1::ListHostsReply page;
    grpc::ClientContext context;
    ASSERT_TRUE(collector.admin().ListHosts(&context, request, &page).ok());
    for (const v1::HostSummary& host : page.hosts()) names += host.record().name() + " ";
    request.set_page_after(page.next_page());
  } while (!request.page_after().empty());
  EXPECT_EQ(names, "h1 h2 h3 ");
}

TEST_F(Operator, PagesOfDriftGoOnBelowTheLastNumberOpenOrClosed) {
  ScriptedAgent agent(collector, "h1");
  agent.connect();
  ASSERT_TRUE(agent.wait_for<session::Welcome>());
  collector.apply("mode: { routes: enforce }\nroutes:\n  list:\n    - { to: 10.20.0.0/16, via: 10.0.0.1 }\n"
                  "    - { to: 10.21.0.0/16, via: 10.0.0.1 }\n    - { to: 10.22.0.0/16, via: 10.0.0.1 }\n");
  ASSERT_TRUE(agent.wait_for<session::DesiredOffer>());
  agent.say(runs(1));
  agent.say(reported({}));
  ASSERT_TRUE(agent.wait_for<session::ValueAck>());
  for (const bool with_closed : {false, true}) {
    std::vector<std::uint64_t> ids;
    v1::ListDriftRequest request;
    request.set_with_closed(with_closed);
    request.set_limit(2);
    do {
      v1::ListDriftReply page;
      grpc::ClientContext context;
      ASSERT_TRUE(collector.admin().ListDrift(&context, request, &page).ok());
      EXPECT_LE(page.drifts_size(), 2);
      for (const v1::Drift& drift : page.drifts()) ids.push_back(drift.id());
      request.set_below(page.next_below());
    } while (request.below() != 0);
    EXPECT_EQ(ids, (std::vector<std::uint64_t>{3, 2, 1})) << with_closed;
  }
}

}  // namespace
}  // namespace ondol::collector
