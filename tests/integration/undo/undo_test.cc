// What becomes of a trial when the agent that began it cannot end it.
#include "agent/runtime/offline.h"
#include "tests/integration/undo/undo_host.h"

namespace ondol::undo {
namespace {

constexpr double kOnTime = 0.2;         // seconds after the deadline
constexpr double kAfterGrace = 1.2;     // an agent that lives is given one second

TEST_F(UndoHost, AKilledAgentsTrialIsUndoneOnTime) {
  write_trial();
  start_agent();
  end(agent_);
  expect_undone(kOnTime);
  EXPECT_FALSE(std::filesystem::exists(config_.state_dir + "/journal")) << "settled, as a restarting agent would";
}

TEST_F(UndoHost, AStoppedAgentIsKilledAndItsTrialUndone) {
  write_trial();
  start_agent();
  ::kill(agent_, SIGSTOP);
  expect_undone(kAfterGrace);
  int status = 0;
  EXPECT_EQ(::waitpid(agent_, &status, 0), agent_);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  agent_ = 0;
  EXPECT_NE(said().find("was killed"), std::string::npos) << said();
}

TEST_F(UndoHost, AnAgentBinaryThatCannotStartChangesNothing) {
  write_trial();
  start_agent();
  end(agent_);
  // What systemd would do with it.
  other_ = fixtures::start("while :; do /bin/false; done");
  expect_undone(kOnTime);
}

TEST_F(UndoHost, WhatARestartedAgentHasUndoneIsLeftAlone) {
  write_trial();
  start_agent();
  end(agent_);
  ASSERT_TRUE(agent::restore_confirmed(config_, parts()));
  EXPECT_EQ(in_kernel(), confirmed_);
  const auto watcher = routes::open_route_socket({.blame = false}).value();
  const auto left = std::chrono::ceil<Milliseconds>(deadline_ + Milliseconds{500} - read_now().boot);
  EXPECT_FALSE(fixtures::is_readable(watcher->event_fd(), static_cast<int>(left.count())));
  EXPECT_LT(lateness(), 0) << said();
}

TEST_F(UndoHost, AGenerationThatIsConfirmedOnDiskStays) {
  write_trial();
  start_agent();
  end(agent_);
  auto after = agent::many(4, "10.0.0.3", 120);
  const auto before = agent::many(5);
  after.insert(after.end(), before.begin() + 1, before.end());
  ASSERT_TRUE(agent::StateDir::open(config_.state_dir)->write_confirmed(agent::desired(2, after)));
  expect_kept();
}

TEST_F(UndoHost, AFullDiskDoesNotStopTheUndo) {
  ASSERT_EQ(::mkdir(config_.state_dir.c_str(), 0750), 0);
  ASSERT_EQ(::mount("tmpfs", config_.state_dir.c_str(), "tmpfs", 0, "size=256k"), 0) << std::strerror(errno);
  write_trial();
  start_agent();
  end(agent_);
  fixtures::run("dd if=/dev/zero of=" + config_.state_dir + "/fill bs=1k count=1000 2>/dev/null; true");
  expect_undone(kOnTime);
  EXPECT_EQ(::umount2(config_.state_dir.c_str(), MNT_DETACH), 0);
}

TEST_F(UndoHost, AStateDirectoryThatIsGoneIsReplacedByMemory) {
  write_trial();
  start_agent();
  end(agent_);
  std::filesystem::remove_all(config_.state_dir);
  expect_undone(kOnTime);
  EXPECT_NE(said().find("from memory"), std::string::npos) << said();
}

TEST_F(UndoHost, AJournalThatRotsAfterwardsIsReplacedByMemory) {
  write_trial();
  start_agent();
  end(agent_);
  fixtures::write_bytes(config_.state_dir + "/journal", "rotten");
  expect_undone(kOnTime);
  EXPECT_NE(said().find("from memory"), std::string::npos) << said();
}

TEST_F(UndoHost, WhoeverHoldsTheLockAndDoesNothingIsNotWaitedForForever) {
  write_trial();
  start_agent();
  end(agent_);
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  other_ = ::fork();
  if (other_ == 0) {
    const auto state = agent::StateDir::open(config_.state_dir);
    if (::write(ends[1], state ? "L" : "F", 1) != 1) ::_exit(3);
    ::pause();
    ::_exit(0);
  }
  char word = 0;
  ASSERT_EQ(::read(ends[0], &word, 1), 1);
  ASSERT_EQ(word, 'L');
  EXPECT_TRUE(soon([this] { return in_kernel() == confirmed_; }, Seconds{20})) << said();
  EXPECT_TRUE(soon([this] { return said().find("holds the lock") != std::string::npos; })) << said();
}

TEST_F(UndoHost, AKeeperThatIsKilledIsArmedAnew) {
  write_trial();
  deadline_ += Seconds{2};
  start_agent();
  end(keeper_);
  start_keeper();
  ASSERT_EQ(next_word(), 'R') << said();
  end(agent_);
  expect_undone(kOnTime);
}

TEST_F(UndoHost, DisarmingEndsIt) {
  write_trial();
  boost::asio::io_context loop;
  UndoClient client(loop, {config_.undo_socket, config_.state_dir, agent::read_boot_id()}, nullptr);
  const auto armed = client.arm(Generation{2}, deadline_);
  ASSERT_TRUE(armed) << render(armed.error());
  ASSERT_TRUE(client.arm(Generation{2}, deadline_ + Milliseconds{100})) << "a new deadline replaces the old one";
  EXPECT_TRUE(client.is_armed());
  ASSERT_TRUE(client.disarm());
  EXPECT_FALSE(client.is_armed());
  expect_kept();
}

}  // namespace
}  // namespace ondol::undo
