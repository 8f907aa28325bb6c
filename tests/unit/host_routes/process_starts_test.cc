#include "agent/host/routes/process_starts.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace ondol::routes {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kFork = 1, kExec = 2;
constexpr BootTime kNow{Seconds{1000}};

// A connector at whose other end the test speaks as the kernel, and a /proc of the test's own.
class ProcessStartsTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::path(testing::TempDir()) / fmt::format("process_starts.{}", getpid());
    fs::remove_all(root_);
    std::array<int, 2> ends{};
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    kernel_ = ends[0];
    starts_.emplace(ProcessStarts::adopt(ends[1]));
    authors_.emplace(AuthorSources{root_ / "proc", root_ / "sessions", root_ / "utmp", root_ / "passwd"});
  }
  void TearDown() override {
    close(kernel_);
    fs::remove_all(root_);
  }

  void write(const std::string& name, const std::string& text) {
    fs::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name, std::ios::binary) << text;
  }
  void process_runs(std::uint32_t pid, const std::string& command, bool may_change_routes = true) {
    const std::string at = fmt::format("proc/{}/", pid);
    write(at + "comm", command + "\n");
    write(at + "cmdline", command);
    write(at + "status", may_change_routes ? "CapEff:\t0000003fffffffff\n" : "CapEff:\t0000000000000000\n");
  }
  void process_ends(std::uint32_t pid) { fs::remove_all(root_ / fmt::format("proc/{}", pid)); }

  void say(std::uint32_t what, std::uint32_t pid) {
    std::array<char, NLMSG_HDRLEN + sizeof(cn_msg) + 24> bytes{};
    const std::array<std::uint32_t, 6> event{what, 0, 0, 0, pid, pid};
    std::memcpy(bytes.data() + NLMSG_HDRLEN + sizeof(cn_msg), event.data(), sizeof(event));
    ASSERT_EQ(send(kernel_, bytes.data(), bytes.size(), MSG_DONTWAIT), static_cast<ssize_t>(bytes.size()));
  }
  void read(BootTime now = kNow) { starts_->read(*authors_, now); }
  std::string command_of(std::uint32_t pid, BootTime now = kNow) {
    const Author* author = starts_->find(pid, now);
    return author == nullptr ? "" : author->command.value_or("");
  }

  fs::path root_;
  int kernel_ = -1;
  std::optional<ProcessStarts> starts_;
  std::optional<AuthorReader> authors_;
};

TEST_F(ProcessStartsTest, AProcessThatEndedIsKnownFromItsStart) {
  process_runs(4121, "ip route del 10.0.0.0/8");
  say(kExec, 4121);
  read();
  process_ends(4121);
  EXPECT_EQ(command_of(4121), "ip route del 10.0.0.0/8");
  EXPECT_EQ(command_of(4122), "");
}

TEST_F(ProcessStartsTest, TheNewestProcessOfAnIdCounts) {
  process_runs(4121, "sh");
  say(kExec, 4121);
  read();
  process_runs(4121, "ip route flush");
  say(kExec, 4121);
  read();
  EXPECT_EQ(command_of(4121), "ip route flush");
}

TEST_F(ProcessStartsTest, AnIdThatMayHaveBeenUsedAgainSaysNothing) {
  process_runs(4121, "ip");
  say(kExec, 4121);
  read();
  EXPECT_EQ(command_of(4121, kNow + Seconds{6}), "");
}

TEST_F(ProcessStartsTest, AProcessThatCannotChangeRoutesEndsWhatItsIdSaidBefore) {
  process_runs(4121, "ip");
  say(kExec, 4121);
  read();
  process_runs(4121, "cat", false);
  say(kExec, 4121);
  read();
  EXPECT_EQ(command_of(4121), "");
}

TEST_F(ProcessStartsTest, OnlyStartsPassTheFilter) {
  process_runs(4121, "ip");
  say(kFork, 4121);
  read();
  EXPECT_EQ(command_of(4121), "");
}

TEST_F(ProcessStartsTest, AStormOfStartsIsNotHeardForAWhile) {
  process_runs(4121, "ip");
  process_runs(4122, "ip rule");
  for (int i = 0; i < 1001; ++i) {
    say(kExec, 4121);
    read();
  }
  say(kExec, 4122);
  read(kNow + Seconds{1});
  EXPECT_EQ(command_of(4122, kNow + Seconds{1}), "");
  EXPECT_EQ(command_of(4121, kNow + Seconds{1}), "ip");
  read(kNow + Seconds{2});
  say(kExec, 4122);
  read(kNow + Seconds{2});
  EXPECT_EQ(command_of(4122, kNow + Seconds{2}), "ip rule");
}

TEST_F(ProcessStartsTest, AShortMessageIsNothing) {
  const std::array<char, 20> bytes{};
  ASSERT_EQ(send(kernel_, bytes.data(), bytes.size(), 0), 20);
  read();
  EXPECT_EQ(command_of(0), "");
}

}  // namespace
}  // namespace ondol::routes
