#include "tests/integration/agent/agent_host.h"

namespace ondol::agent {
namespace {

class KilledAt : public AgentHost, public testing::WithParamInterface<const char*> {};

// Runs the agent in a child that is killed at the failpoint; the parent sees what is left.
void run_killed(const AgentConfig& config, const DesiredState& next, const char* failpoint) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::setenv("ONDOL_FAILPOINT", failpoint, 1);
    fakes::FakeCollector collector;
    collector.offer(next);
    auto parts = open_parts(config).value();
    parts.make_link = [&collector](PostToLoop post, SessionCallbacks callbacks) {
      return std::make_unique<fakes::FakeLink>(collector, std::move(post), std::move(callbacks));
    };
    parts.trial = confirming_world();
    ::alarm(30);
    AgentRuntime runtime(config, std::move(parts));
    runtime.run();
    ::_exit(9);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << failpoint << " " << status;
}

TEST_P(KilledAt, LeavesExactlyTheOldOrExactlyTheNewAfterTheRestart) {
  fixtures::run("ip route add 10.77.0.0/16 via 10.0.0.9 proto static");
  start();
  collector_.offer(desired(1, many(700)));
  ASSERT_TRUE(confirmed(1));
  stop();
  const auto before = in_kernel();
  // 400 stay, 300 go, 400 come, one is taken over.
  auto wanted = many(400);
  for (routes::Route& route : many(400, "10.0.0.3", 120)) wanted.push_back(std::move(route));
  wanted.push_back(routes::unicast("10.77.0.0/16", "10.0.0.2"));
  DesiredState next = desired(2, wanted);
  next.routes->on_conflict = routes::OnConflict::kTakeOver;

  run_killed(config_, next, GetParam());
  start();
  ASSERT_TRUE(collector_.wait_for([](const auto& events) {
    return has_result(events, 2, session::GenerationOutcome::kRolledBack) || has_result(events, 2, session::GenerationOutcome::kConfirmed);
  }));
  const auto after = in_kernel();
  const bool is_new = after.contains("10.77.0.0/16 via 10.0.0.2 proto ondol");
  if (is_new) {
    EXPECT_EQ(after.size(), 801U);
  } else {
    EXPECT_EQ(after, before);
  }
  const auto state = nlohmann::json::parse(send_local(config_.local_socket, "status")->status);
  EXPECT_EQ(state["generation"]["running"], is_new ? 2 : 1);
  EXPECT_EQ(state["routes"]["by_state"]["in_sync"], is_new ? 801 : 700);
  EXPECT_FALSE(std::filesystem::exists(config_.state_dir + "/journal"));
}

constexpr const char* kSteps[] = {"after_highest", "after_journal",   "mid_apply",    "after_apply",
                                  "after_readback", "probes_after",    "contact_after", "after_previous",
                                  "after_confirmed", "after_ledger",   "after_journal_removed"};
constexpr const char* kUndoSteps[] = {"mid_undo", "after_undo"};

INSTANTIATE_TEST_SUITE_P(EveryStep, KilledAt, testing::ValuesIn(kSteps),
                         [](const auto& place) { return std::string(place.param); });

class KilledInTheUndoAt : public AgentHost, public testing::WithParamInterface<const char*> {};

TEST_P(KilledInTheUndoAt, LeavesExactlyTheOldAfterTheRestart) {
  fixtures::run("ip link add dummy-peer type veth peer name eth1; ip link set eth1 up; ip address add 10.1.0.1/24 dev eth1");
  start();
  collector_.offer(desired(1, many(700)));
  ASSERT_TRUE(confirmed(1));
  stop();
  const auto before = in_kernel();
  auto wanted = many(650);
  for (routes::Route& route : many(700, "10.0.0.3", 120)) wanted.push_back(std::move(route));
  wanted.push_back(routes::unicast("10.1.0.0/24", "10.0.0.2"));  // the connected network holds this key

  run_killed(config_, desired(2, wanted), GetParam());
  start();
  ASSERT_TRUE(collector_.wait_for([](const auto& events) { return has_result(events, 2, session::GenerationOutcome::kRolledBack); }));
  EXPECT_EQ(in_kernel(), before);
  EXPECT_FALSE(std::filesystem::exists(config_.state_dir + "/journal"));
}

INSTANTIATE_TEST_SUITE_P(EveryStep, KilledInTheUndoAt, testing::ValuesIn(kUndoSteps),
                         [](const auto& place) { return std::string(place.param); });

constexpr const char* kLookSteps[] = {"after_preflight", "probes_before"};
class KilledInTheLookAt : public AgentHost, public testing::WithParamInterface<const char*> {};

TEST_P(KilledInTheLookAt, LeavesNoTrace) {
  run_killed(config_, desired(1, many(5)), GetParam());
  EXPECT_TRUE(in_kernel().empty());
  EXPECT_FALSE(std::filesystem::exists(config_.state_dir + "/journal"));
  start();
  collector_.offer(desired(1, many(5)));
  EXPECT_TRUE(confirmed(1));
}

INSTANTIATE_TEST_SUITE_P(EveryStep, KilledInTheLookAt, testing::ValuesIn(kLookSteps),
                         [](const auto& place) { return std::string(place.param); });

// With an undo keeper, and after a trial that nobody confirmed: unit/agent_core/crash_test.cc kills there.
constexpr const char* kElsewhere[] = {"after_armed", "after_disarmed", "probes_after_undo"};

// A new place where an apply may be killed is tried here as well, or this fails.
TEST(TheStepsOfAnApply, AreAllKilledAt) {
  std::set<std::string> tried(std::begin(kSteps), std::end(kSteps));
  tried.insert(std::begin(kUndoSteps), std::end(kUndoSteps));
  tried.insert(std::begin(kLookSteps), std::end(kLookSteps));
  tried.insert(std::begin(kElsewhere), std::end(kElsewhere));
  const std::string text = fixtures::read_bytes(std::string(ONDOL_SOURCE_DIR) + "/agent/runtime/interpreter.cc");
  const std::string mark = "ONDOL_FAILPOINT(\"";
  std::set<std::string> placed;
  for (auto at = text.find(mark); at != std::string::npos; at = text.find(mark, at + 1)) {
    const auto begin = at + mark.size();
    placed.insert(text.substr(begin, text.find('"', begin) - begin));
  }
  EXPECT_EQ(tried, placed);
}

}  // namespace
}  // namespace ondol::agent
