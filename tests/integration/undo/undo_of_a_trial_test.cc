// A real agent tries a change, the collector stays silent, and the agent is lost: the real keeper ends the trial.
#include <condition_variable>
#include <mutex>

#include "tests/integration/undo/undo_host.h"

namespace ondol::undo {
namespace {

class LostOnTrial : public UndoHost {
 protected:
  // Generation 1 is in force; another process has generation 2 on trial for five seconds.
  void begin_trial() {
    start();
    collector_.offer(agent::desired(1, agent::many(5)));
    ASSERT_TRUE(confirmed(1)) << said();
    stop();
    agent_ = ::fork();
    if (agent_ == 0) try_generation_2();
    ASSERT_TRUE(soon([this] { return in_kernel() == tried_; })) << said();
    ASSERT_TRUE(soon([this] { return said().find("undo_armed: generation 2") != std::string::npos; })) << said();
  }
  [[noreturn]] void try_generation_2() {
    ::alarm(60);
    fakes::FakeCollector collector;
    auto wanted = agent::many(4, "10.0.0.3", 120);
    const auto before = agent::many(5);
    wanted.insert(wanted.end(), before.begin() + 1, before.end());
    DesiredState next = agent::desired(2, wanted);
    next.trial.deadline = trial::kShortestTrial;
    collector.offer(next);
    auto own = parts();
    own.make_link = [&collector](agent::PostToLoop post, agent::SessionCallbacks callbacks) {
      return std::make_unique<fakes::FakeLink>(collector, std::move(post), std::move(callbacks));
    };
    own.trial.contact = [reach = own.trial.contact](const auto& target, const session::Contact& contact, Milliseconds limit,
                                                    std::stop_token stop) -> Result<session::ContactReply> {
      if (contact.phase == session::ContactPhase::kBefore) return reach(target, contact, limit, stop);
      std::mutex mutex;
      std::unique_lock lock(mutex);
      std::condition_variable_any().wait_for(lock, stop, limit, [] { return false; });
      return fail(Errc::kUnavailable, "no answer");
    };
    agent::AgentRuntime runtime(config_, std::move(own));
    if (runtime.open()) runtime.run();
    ::_exit(5);
  }
};

TEST_F(LostOnTrial, AKilledAgentsTrialIsUndoneOnTime) {
  begin_trial();
  end(agent_);
  expect_undone(0.2);
}

TEST_F(LostOnTrial, AStoppedAgentIsKilledAndItsTrialUndone) {
  begin_trial();
  ::kill(agent_, SIGSTOP);
  expect_undone(1.2);
}

TEST_F(LostOnTrial, AnAgentThatLivesUndoesByItself) {
  begin_trial();
  EXPECT_TRUE(soon([this] { return in_kernel() == confirmed_; })) << said();
  EXPECT_TRUE(soon([this] { return !std::filesystem::exists(config_.state_dir + "/journal"); })) << said();
  EXPECT_LT(lateness(), 0) << said();
}

TEST_F(LostOnTrial, WithoutAKeeperTheAgentDoesNotGoOn) {
  begin_trial();
  end(keeper_);
  EXPECT_TRUE(soon([this] { return in_kernel() == confirmed_; }, Seconds{4})) << said();
}

TEST_F(LostOnTrial, ARollbackByAPersonEndsItAtOnceAndHolds) {
  begin_trial();
  const auto answer = agent::send_local(config_.local_socket, "rollback");
  ASSERT_TRUE(answer) << render(answer.error());
  EXPECT_TRUE(answer->accepted) << answer->text;
  EXPECT_EQ(in_kernel(), confirmed_);
  const auto status = nlohmann::json::parse(agent::send_local(config_.local_socket, "status")->status);
  EXPECT_EQ(status["held"], true);
  EXPECT_LT(lateness(), 0) << said();
}

}  // namespace
}  // namespace ondol::undo
