#include "agent/guard/guard_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/fixtures/scratch_dir.h"

namespace ondol::agent {
namespace {

using fixtures::ScratchDir;
using fixtures::write_bytes;

std::string error_of(const std::string& text) {
  const auto rules = parse_guard(text, "guard.yaml");
  return rules ? "no error" : render(rules.error());
}

TEST(TheGuard, ReadsEveryKey) {
  const auto rules = parse_guard(
      "remote_apply: { routes: false }\n"
      "protected:\n"
      "  prefixes: [10.0.0.0/24, 2001:db8::/32]\n"
      "  interfaces: [eth0, \"mgmt*\"]\n"
      "  default_route: true\n"
      "max_deletion_percent: 30\n"
      "max_changes_per_apply: 500\n"
      "max_changes_per_hour: 2000\n"
      "windows: [\"Mon-Fri 08:00-18:00\", \"Sat,Sun 22:00-02:00\"]\n"
      "timezone: Asia/Seoul\n"
      "trial: { min: 10s, max: 10m }\n"
      "hold: true\n", "guard.yaml");
  ASSERT_TRUE(rules) << render(rules.error());
  EXPECT_FALSE(rules->apply_routes);
  EXPECT_EQ(rules->protected_prefixes.size(), 2U);
  EXPECT_EQ(rules->protected_interfaces, (std::vector<std::string>{"eth0", "mgmt*"}));
  EXPECT_EQ(rules->max_deletion_percent, 30);
  EXPECT_TRUE(rules->protect_default_route);
  EXPECT_EQ(rules->max_changes_per_apply, 500U);
  EXPECT_EQ(rules->max_changes_per_hour, 2'000U);
  EXPECT_EQ(rules->windows.size(), 2U);
  EXPECT_EQ(rules->zone.name, "Asia/Seoul");
  EXPECT_EQ(rules->remark, "");
  EXPECT_EQ(bounded_trial(Seconds{1}, *rules), Seconds{10});
  EXPECT_EQ(bounded_trial(Seconds{60}, *rules), Seconds{60});
  EXPECT_EQ(bounded_trial(Seconds{3'600}, *rules), Seconds{600});
  EXPECT_TRUE(rules->hold);
}

TEST(TheGuard, RefusesWhatItDoesNotUnderstandWithItsPlace) {
  EXPECT_EQ(error_of("holt: true\n").find("guard.yaml:1:1"), 0U);
  EXPECT_EQ(error_of("protected: { prefixes: [10.0.0.1/24] }\n").find("guard.yaml:1:"), 0U) << "host bits";
  EXPECT_NE(error_of("protected: { interfaces: [sixteen-letters-x] }\n"), "no error");
  EXPECT_NE(error_of("max_deletion_percent: 101\n"), "no error");
  EXPECT_NE(error_of("max_changes_per_apply: 0\n"), "no error");
  EXPECT_NE(error_of("max_changes_per_hour: many\n"), "no error");
  EXPECT_EQ(error_of("windows: [\"Mon-Fri 08:00-18:00\", \"Never\"]\n").find("guard.yaml:1:"), 0U);
  EXPECT_EQ(error_of("timezone: Mars/Base\n").find("guard.yaml:1:"), 0U);
  EXPECT_NE(error_of("trial: { min: 10m, max: 10s }\n"), "no error");
  EXPECT_NE(error_of("trial: { max: 2h }\n"), "no error");
  EXPECT_NE(error_of("protected: { ports: [22] }\n"), "no error");
  EXPECT_NE(error_of("hold: yes\n"), "no error");
  EXPECT_NE(error_of("- a\n"), "no error");
}

TEST(TheGuard, SaysThatWindowsWithoutAZoneMeanUtc) {
  const auto rules = parse_guard("windows: [\"daily 08:00-18:00\"]\n", "guard.yaml");
  ASSERT_TRUE(rules) << render(rules.error());
  EXPECT_EQ(rules->zone.name, "UTC");
  EXPECT_NE(rules->remark.find("UTC is meant"), std::string::npos);
}

class OnDisk : public testing::Test {
 protected:
  std::string path() const { return scratch_ / "guard.yaml"; }
  void write(const std::string& text, mode_t mode = 0644) {
    write_bytes(path(), text);
    ASSERT_EQ(::chmod(path().c_str(), mode), 0);
  }
  ScratchDir scratch_;
};

TEST_F(OnDisk, AMissingFileMeansTheDefaults) {
  GuardFile guard(path(), ::geteuid());
  EXPECT_EQ(guard.reload(), GuardRules{});
  EXPECT_EQ(guard.reload(), std::nullopt);
}

TEST_F(OnDisk, AFileOfAnotherOwnerOrWritableByOthersSwitchesRemoteApplyOff) {
  write("hold: false\n");
  EXPECT_FALSE(GuardFile(path(), ::geteuid() + 1).reload()->apply_routes);
  for (const mode_t mode : {0664, 0646, 0666}) {
    write("hold: false\n", mode);
    const auto rules = GuardFile(path(), ::geteuid()).reload();
    EXPECT_FALSE(rules->apply_routes) << mode;
    EXPECT_FALSE(rules->problem.empty());
  }
  write("hold: false\n", 0644);
  EXPECT_TRUE(GuardFile(path(), ::geteuid()).reload()->apply_routes);
}

TEST_F(OnDisk, ASymlinkADirectoryOrAFifoIsNotRead) {
  write_bytes(scratch_ / "elsewhere", "hold: false\n");
  std::filesystem::create_symlink(scratch_ / "elsewhere", path());
  EXPECT_FALSE(GuardFile(path(), ::geteuid()).reload()->apply_routes);
  std::filesystem::remove(path());
  std::filesystem::create_directory(path());
  EXPECT_FALSE(GuardFile(path(), ::geteuid()).reload()->apply_routes);
  std::filesystem::remove(path());
  ASSERT_EQ(::mkfifo(path().c_str(), 0644), 0);
  EXPECT_FALSE(GuardFile(path(), ::geteuid()).reload()->apply_routes);
}

TEST_F(OnDisk, AnUnknownKeyAParseErrorOrTooLargeAFileSwitchesRemoteApplyOff) {
  for (const std::string& text : {std::string("no_such_key: 1\n"), std::string("windows: [\n"), std::string(300'000, '#')}) {
    write(text);
    const auto rules = GuardFile(path(), ::geteuid()).reload();
    ASSERT_TRUE(rules);
    EXPECT_FALSE(rules->apply_routes) << text.substr(0, 20);
    EXPECT_FALSE(rules->problem.empty());
  }
}

TEST_F(OnDisk, AChangeIsNoticedAndABrokenOneKeepsTheLastGoodProtections) {
  GuardFile guard(path(), ::geteuid());
  write("protected: { prefixes: [10.0.0.0/24] }\n");
  EXPECT_EQ(guard.reload()->protected_prefixes.size(), 1U);
  EXPECT_EQ(guard.reload(), std::nullopt);
  write("protected: { prefixes: [\n");
  const auto broken = guard.reload();
  ASSERT_TRUE(broken);
  EXPECT_FALSE(broken->apply_routes);
  EXPECT_EQ(broken->protected_prefixes.size(), 1U);
  std::filesystem::remove(path());
  EXPECT_EQ(guard.reload(), GuardRules{});
}

}  // namespace
}  // namespace ondol::agent
