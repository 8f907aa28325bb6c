#include "collector/store/batched_writer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <mutex>

#include "tests/fakes/store/forwarding_store.h"

namespace ondol::store {
namespace {

Write generation(const std::string& host, std::uint64_t number) {
  return PutDesired{{HostId(host), Generation(number), Revision("r"), {}, std::string(1000, 'p')}};
}

// Answers in the order in which they were given.
class Answers {
 public:
  BatchedWriter::Completion named(const std::string& name) {
    return [this, name](const Result<void>& result) {
      const std::lock_guard lock(mutex_);
      given_.emplace_back(name, result);
    };
  }
  std::vector<std::string> names() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> names;
    for (const auto& [name, result] : given_) names.push_back(name + (result ? "" : ":" + std::string(to_string(result.error().code))));
    return names;
  }
  std::string where(std::size_t index) const { return given_.at(index).second.error().where; }

 private:
  mutable std::mutex mutex_;
  std::vector<std::pair<std::string, Result<void>>> given_;
};

class Writer : public testing::Test {
 protected:
  // Everything submitted until `release` ends up in one group.
  void hold(BatchedWriter& writer) {
    store_.close_gate();
    EXPECT_TRUE(writer.submit({generation("first", 1)}, answers_.named("first")));
    store_.wait_for_commits(1);
  }
  void release(BatchedWriter& writer) {
    store_.open_gate();
    writer.stop();
  }
  ForwardingStore store_;
  Answers answers_;
};

using Names = std::vector<std::string>;
using Sizes = std::vector<std::size_t>;

TEST_F(Writer, AnIdleWriterCommitsAtOnce) {
  BatchedWriter writer(store_);
  EXPECT_TRUE(writer.submit_and_wait({generation("a", 1)}));
  EXPECT_EQ(store_.commit_sizes(), Sizes{1});
}

TEST_F(Writer, WhatArrivesDuringACommitIsOneGroup) {
  BatchedWriter writer(store_);
  hold(writer);
  for (const char* name : {"a", "b", "c"}) ASSERT_TRUE(writer.submit({generation(name, 1)}, answers_.named(name)));
  EXPECT_EQ(writer.queued_writes(), 3u);
  release(writer);
  EXPECT_EQ(store_.commit_sizes(), (Sizes{1, 3}));
  EXPECT_EQ(answers_.names(), (Names{"first", "a", "b", "c"}));
  EXPECT_EQ(writer.queued_writes(), 0u);
}

TEST_F(Writer, AGroupIsBoundedAndALargerSubmissionIsCommittedAlone) {
  BatchedWriter writer(store_, {.group_writes = 4});
  hold(writer);
  const auto writes = [](const std::string& name, std::uint64_t count) {
    Batch batch;
    for (std::uint64_t i = 1; i <= count; ++i) batch.push_back(generation(name, i));
    return batch;
  };
  for (const auto& [name, count] : std::vector<std::pair<std::string, std::uint64_t>>{{"a", 2}, {"b", 2}, {"c", 9}, {"d", 1}}) {
    ASSERT_TRUE(writer.submit(writes(name, count), answers_.named(name)));
  }
  release(writer);
  EXPECT_EQ(store_.commit_sizes(), (Sizes{1, 4, 9, 1}));
}

TEST_F(Writer, ARefusedSubmissionFailsAloneAndItsNeighboursAreStoredWhole) {
  BatchedWriter writer(store_);
  hold(writer);
  ASSERT_TRUE(writer.submit({generation("a", 1)}, answers_.named("a")));
  ASSERT_TRUE(writer.submit({generation("b", 1), generation("first", 1)}, answers_.named("b")));
  ASSERT_TRUE(writer.submit({generation("c", 1), generation("c", 2)}, answers_.named("c")));
  release(writer);
  EXPECT_EQ(answers_.names(), (Names{"first", "a", "b:conflict", "c"}));
  EXPECT_EQ(answers_.where(2), "write 1");
  const auto rows = store_.read_desired();
  ASSERT_EQ(rows->size(), 3u);
  for (const DesiredRow& row : *rows) EXPECT_EQ(row.payload.size(), 1000u) << row.host.value;
  EXPECT_EQ(store_.read_desired(HostId("c"))->value().generation, Generation(2));
}

TEST_F(Writer, OneOfTwoUsesOfATokenInTheSameGroupWins) {
  ASSERT_TRUE(store_.commit({PutToken{{sha256_of("t"), HostId("a"), {}, {}, "kim"}}}));
  BatchedWriter writer(store_);
  store_.close_gate();
  ASSERT_TRUE(writer.submit({generation("first", 1)}, nullptr));
  store_.wait_for_commits(2);
  ASSERT_TRUE(writer.submit({UseToken{sha256_of("t"), {}}}, answers_.named("one")));
  ASSERT_TRUE(writer.submit({UseToken{sha256_of("t"), {}}}, answers_.named("two")));
  release(writer);
  EXPECT_EQ(answers_.names(), (Names{"one", "two:conflict"}));
}

TEST_F(Writer, OneRefusalAmongAThousandCostsFewCommits) {
  BatchedWriter writer(store_);
  hold(writer);
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(writer.submit({generation(i == 617 ? "first" : "h" + std::to_string(i), 1)}, answers_.named("x")));
  }
  release(writer);
  EXPECT_EQ(answers_.names().size(), 1001u);
  EXPECT_EQ(store_.read_desired()->size(), 1000u);
  EXPECT_LE(store_.commit_sizes().size(), 24u);
}

TEST_F(Writer, AFailingDiskFailsTheWholeGroupOnceAndIsTold) {
  std::vector<std::string> told;
  BatchedWriter writer(store_, {.checkpoint_interval = std::chrono::hours(1)},
                       {.commit_ended = {}, .disk_failed = [&](const Error& error) { told.push_back(error.message); }});
  hold(writer);
  for (const char* name : {"a", "b"}) ASSERT_TRUE(writer.submit({generation(name, 1)}, answers_.named(name)));
  store_.fail_commits(Error{Errc::kIo, "disk full", "", ""});
  release(writer);
  EXPECT_EQ(answers_.names(), (Names{"first:io", "a:io", "b:io"}));
  EXPECT_EQ(told, (std::vector<std::string>{"disk full", "disk full"}));
  EXPECT_EQ(store_.commit_sizes(), (Sizes{1, 2}));
}

TEST_F(Writer, AFullQueueRefusesAndNeverCallsBack) {
  BatchedWriter writer(store_, {.queued_writes = 3});
  hold(writer);
  ASSERT_TRUE(writer.submit({generation("a", 1), generation("a", 2)}, answers_.named("a")));
  const auto refused = writer.submit({generation("b", 1), generation("b", 2)}, answers_.named("b"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::kUnavailable);
  ASSERT_TRUE(writer.submit({generation("c", 1)}, answers_.named("c")));
  release(writer);
  EXPECT_EQ(answers_.names(), (Names{"first", "a", "c"}));
}

TEST_F(Writer, StopCommitsWhatWasTakenAndRefusesWhatComesAfter) {
  BatchedWriter writer(store_);
  hold(writer);
  ASSERT_TRUE(writer.submit({generation("a", 1)}, answers_.named("a")));
  release(writer);
  EXPECT_EQ(answers_.names(), (Names{"first", "a"}));
  EXPECT_EQ(writer.submit({generation("b", 1)}, answers_.named("b")).error().code, Errc::kUnavailable);
  EXPECT_EQ(writer.submit_and_wait({}).error().code, Errc::kUnavailable);
}

TEST_F(Writer, ACompletionMaySubmitAgain) {
  BatchedWriter writer(store_);
  std::promise<void> second;
  ASSERT_TRUE(writer.submit({generation("a", 1)}, [&](const Result<void>&) {
    EXPECT_TRUE(writer.submit({generation("a", 2)}, [&](const Result<void>& stored) {
      EXPECT_TRUE(stored);
      second.set_value();
    }));
  }));
  second.get_future().wait();
  EXPECT_EQ(store_.read_desired(HostId("a"))->value().generation, Generation(2));
}

TEST_F(Writer, EveryGroupCommitIsTimed) {
  std::vector<bool> stored;
  BatchedWriter writer(store_, {}, {.commit_ended = [&](Nanoseconds duration, bool ok) {
                                      EXPECT_GT(duration.count(), 0);
                                      stored.push_back(ok);
                                    },
                                    .disk_failed = {}});
  EXPECT_TRUE(writer.submit_and_wait({generation("a", 1)}));
  EXPECT_FALSE(writer.submit_and_wait({generation("a", 1)}));
  writer.stop();
  EXPECT_EQ(stored, (std::vector<bool>{true, false}));
}

TEST_F(Writer, CheckpointsFollowCommitsAndAnIdleStoreIsLeftAlone) {
  BatchedWriter writer(store_, {.checkpoint_interval = Milliseconds(1)});
  EXPECT_EQ(store_.checkpoints(), 0u);
  EXPECT_TRUE(writer.submit_and_wait({generation("a", 1)}));
  store_.wait_for_checkpoints(1);
  EXPECT_TRUE(writer.submit_and_wait({generation("a", 2)}));
  store_.wait_for_checkpoints(2);
  writer.stop();
  EXPECT_EQ(store_.checkpoints(), 2u);
}

TEST_F(Writer, AFailedCheckpointIsToldAndTriedAgainWithoutAFurtherCommit) {
  std::atomic<int> told{0};
  store_.fail_checkpoints(Error{Errc::kIo, "disk full", "", ""});
  BatchedWriter writer(store_, {.checkpoint_interval = Milliseconds(1)},
                       {.commit_ended = {}, .disk_failed = [&](const Error&) { ++told; }});
  EXPECT_TRUE(writer.submit_and_wait({generation("a", 1)}));
  store_.wait_for_checkpoints(3);
  const std::size_t failed = store_.checkpoints();
  store_.fail_checkpoints(std::nullopt);
  store_.wait_for_checkpoints(failed + 1);
  writer.stop();
  EXPECT_GE(told, 2);
}

}  // namespace
}  // namespace ondol::store
