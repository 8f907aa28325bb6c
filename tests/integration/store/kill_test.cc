// kill -9 under load, again and again: whatever the writer acknowledged is there, whole, when the store opens again.
// ONDOL_KILL_CYCLES sets the number of kills; 60 without it.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <random>
#include <thread>

#include "collector/store/batched_writer.h"
#include "tests/contract/store/engine.h"
#include "tests/integration/store/load.h"

namespace ondol::store {
namespace {

constexpr int kWriters = 4;

struct Ack {  // small enough that a pipe writes it whole
  int writer;
  std::uint64_t number;
};

std::string writer_name(int writer) { return "w" + std::to_string(writer); }

void load_writer(BatchedWriter& store, int writer, std::uint64_t from, int pipe) {
  for (std::uint64_t n = from;; ++n) {
    const auto acknowledge = [=](const Result<void>& stored) {
      if (!stored) _exit(3);
      const Ack ack{writer, n};
      if (write(pipe, &ack, sizeof ack) != sizeof ack) _exit(4);
    };
    while (!store.submit(load_batch(writer_name(writer), n, 500), acknowledge)) std::this_thread::yield();
  }
}

// The victim: never returns.
[[noreturn]] void run_load(const std::string& path, int pipe) {
  auto store = open_sqlite_store(path);
  if (!store) _exit(5);
  std::vector<std::uint64_t> from;
  for (int w = 0; w < kWriters; ++w) from.push_back(stored_number(**store, writer_name(w)) + 1);
  BatchedWriter writer(**store, {.queued_writes = 200, .group_writes = 50, .checkpoint_interval = Milliseconds(2)});
  std::vector<std::thread> threads;
  for (int w = 0; w < kWriters; ++w) {
    threads.emplace_back([&, w] { load_writer(writer, w, from[static_cast<std::size_t>(w)], pipe); });
  }
  for (std::thread& thread : threads) thread.join();
  _exit(6);
}

class Kill : public testing::Test {
 protected:
  // Starts the load, kills it after `acks` acknowledgements, and reads what else it managed to acknowledge.
  void kill_once(const std::string& path, int acks) {
    int ends[2];
    ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) run_load(path, ends[1]);
    close(ends[1]);
    Ack ack{};
    for (int read_so_far = 0; read(ends[0], &ack, sizeof ack) == sizeof ack; ++read_so_far) {
      acked_[ack.writer] = std::max(acked_[ack.writer], ack.number);
      ++total_;
      if (read_so_far == acks) kill(child, SIGKILL);
    }
    close(ends[0]);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the load ended by itself with " << WEXITSTATUS(status);
  }

  void check(const std::string& path) {
    auto store = open_sqlite_store(path);
    ASSERT_TRUE(store) << render(store.error());
    for (const auto& [writer, number] : acked_) expect_kept(**store, writer_name(writer), number);
    const auto verified = (*store)->verify_audit();
    EXPECT_TRUE(verified) << render(verified.error());
    store->reset();
    expect_sound_file(path);
  }

  std::map<int, std::uint64_t> acked_;
  std::uint64_t total_ = 0;
};

TEST_F(Kill, NothingAcknowledgedIsLost) {
  const char* wanted = std::getenv("ONDOL_KILL_CYCLES");
  const int cycles = wanted == nullptr ? 60 : std::atoi(wanted);
  std::minstd_rand random(20261120);
  std::unique_ptr<TemporaryDirectory> directory;
  for (int cycle = 0; cycle < cycles && !HasFailure(); ++cycle) {
    if (cycle % 20 == 0) {  // a fresh file, so that a thousand cycles do not check one ever larger one
      directory = std::make_unique<TemporaryDirectory>();
      acked_.clear();
    }
    SCOPED_TRACE(fmt::format("cycle {}", cycle));
    kill_once(directory->file("store.db"), static_cast<int>(random() % 200));
    check(directory->file("store.db"));
  }
  RecordProperty("acknowledged", std::to_string(total_));
  std::printf("%d kills, %llu batches acknowledged\n", cycles, static_cast<unsigned long long>(total_));
}

}  // namespace
}  // namespace ondol::store
