#include "agent/host/routes/read_author.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <utmp.h>

#include <cstring>
#include <filesystem>
#include <fstream>

namespace ondol::routes {
namespace {

namespace fs = std::filesystem;

// A /proc, a logind and a utmp of the test's own.
class ReadAuthor : public testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::path(testing::TempDir()) / fmt::format("read_author.{}", getpid());
    fs::remove_all(root_);
    write("proc/sys/kernel/pid_max", "32768\n");
    write("passwd", "root:x:0:0::/root:/bin/sh\nkim:x:1000:1000::/home/kim:/bin/sh\n");
    make_process(4121);
  }
  void TearDown() override { fs::remove_all(root_); }

  void write(const std::string& name, const std::string& text) {
    fs::create_directories((root_ / name).parent_path());
    std::ofstream(root_ / name, std::ios::binary) << text;
  }
  void make_process(int pid) {
    const std::string at = fmt::format("proc/{}/", pid);
    write(at + "comm", "ip\n");
    write(at + "cmdline", std::string("ip\0route\0del\0"
                                      "10.0.0.0/8\0",
                                      24));
    write(at + "status", "Name:\tip\nCapEff:\t0000003fffffffff\nSeccomp:\t0\n");
    write(at + "cgroup", "0::/user.slice/user-1000.slice/session-12.scope\n");
    write(at + "loginuid", "1000");
    write(at + "sessionid", "12");
    write(at + "stat", fmt::format("{} (i) p (x)) S 4100 {} 12 34817 4121 0\n", pid, pid));
  }
  Author read(std::uint32_t port) {
    return AuthorReader({root_ / "proc", root_ / "sessions", root_ / "utmp", root_ / "passwd"}).read(port);
  }

  fs::path root_;
};

TEST_F(ReadAuthor, EverythingThatIsKnownIsSaid) {
  write("sessions/12", "# private\nUID=1000\nUSER=kim\nREMOTE=1\nREMOTE_HOST=10.0.0.5\n");
  EXPECT_EQ(render(read(4121)), "`ip route del 10.0.0.0/8` (pid 4121, user kim, session 12, from 10.0.0.5)");
  EXPECT_EQ(read(4121).unit, "session-12.scope");
  EXPECT_EQ(read(4121).comm, "ip");
}

TEST_F(ReadAuthor, APortThatIsNoProcessIdSaysNothing) {
  EXPECT_EQ(read(0), Author{});
  EXPECT_EQ(read(4294963201), Author{});
}

TEST_F(ReadAuthor, AProcessThatIsGoneLeavesItsNumber) {
  EXPECT_EQ(render(read(4122)), "unknown process (pid 4122)");
}

TEST_F(ReadAuthor, AProcessThatMayNotChangeRoutesIsNotBlamed) {
  write("proc/4121/status", "Name:\tsleep\nCapEff:\t0000000000000400\n");
  EXPECT_EQ(render(read(4121)), "unknown process (pid 4121)");
}

TEST_F(ReadAuthor, AServiceHasAUnitAndNoLogin) {
  write("proc/4121/cgroup", "0::/system.slice/system-openvpn.slice/openvpn@a.service/sub\n");
  write("proc/4121/loginuid", "4294967295");
  write("proc/4121/sessionid", "4294967295");
  const Author author = read(4121);
  EXPECT_EQ(author.unit, "openvpn@a.service");
  EXPECT_FALSE(author.user.has_value());
  EXPECT_FALSE(author.session.has_value());
}

TEST_F(ReadAuthor, AHybridCgroupTreeNamesTheUnitToo) {
  write("proc/4121/cgroup", "5:cpu:/x\n1:name=systemd:/system.slice/cron.service\n0::/\n");
  EXPECT_EQ(read(4121).unit, "cron.service");
}

TEST_F(ReadAuthor, WithoutAuditTheSessionScopeSaysWhoItIs) {
  fs::remove(root_ / "proc/4121/loginuid");
  fs::remove(root_ / "proc/4121/sessionid");
  write("sessions/12", "UID=1000\nUSER=kim\nREMOTE_HOST=2001:db8::5\n");
  const Author author = read(4121);
  EXPECT_EQ(author.user, "kim");
  EXPECT_EQ(author.session, 12U);
  EXPECT_EQ(author.ssh_from, "2001:db8::5");
}

TEST_F(ReadAuthor, ASessionNumberUsedAgainByAnotherUserIsNotMixedUp) {
  write("sessions/12", "UID=1001\nUSER=lee\nREMOTE_HOST=10.0.0.6\n");
  const Author author = read(4121);
  EXPECT_EQ(author.user, "kim");
  EXPECT_FALSE(author.ssh_from.has_value());
}

TEST_F(ReadAuthor, AUserThatTheFileDoesNotKnowIsANumber) {
  write("proc/4121/loginuid", "70000");
  EXPECT_EQ(read(4121).user, "70000");
}

class ReadAuthorByTerminal : public ReadAuthor {
 protected:
  void SetUp() override {
    ReadAuthor::SetUp();
    write("proc/4100/stat", "4100 (bash) S 4090 4100 12 34817 4121 0\n");
    write("proc/4090/stat", "4090 (sshd) S 1 4090 4090 0 -1 0\n");
  }
  void log_in(pid_t pid, const char* line) {
    utmp entry{};
    entry.ut_type = USER_PROCESS;
    entry.ut_pid = pid;
    std::strncpy(entry.ut_line, line, sizeof(entry.ut_line));
    entry.ut_addr_v6[0] = static_cast<std::int32_t>(inet_addr("10.0.0.5"));
    write("utmp", std::string(reinterpret_cast<const char*>(&entry), sizeof(entry)));
  }
};

TEST_F(ReadAuthorByTerminal, TheLoginOnItsTerminalTellsWhereItCameFrom) {
  log_in(4090, "pts/1");  // device 34817 is 136:1
  EXPECT_EQ(read(4121).ssh_from, "10.0.0.5");
}

TEST_F(ReadAuthorByTerminal, AStaleLoginOnTheSameTerminalIsNotBelieved) {
  log_in(3000, "pts/1");
  EXPECT_FALSE(read(4121).ssh_from.has_value());
  log_in(4090, "pts/2");
  EXPECT_FALSE(read(4121).ssh_from.has_value());
}

TEST_F(ReadAuthor, HostileProcFilesAreBounded) {
  write("proc/4121/cmdline", std::string(100'000, 'x'));
  write("proc/4121/stat", "4121 (");
  write("proc/4121/cgroup", "0::" + std::string(3000, '/'));
  write("proc/4121/loginuid", "99999999999999999999");
  write("proc/4121/sessionid", "-3");
  const Author author = read(4121);
  EXPECT_EQ(author.command->size(), 512U);
  EXPECT_FALSE(author.unit.has_value());
  EXPECT_FALSE(author.user.has_value());
  EXPECT_FALSE(author.session.has_value());
}

}  // namespace
}  // namespace ondol::routes
