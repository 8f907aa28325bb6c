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
      "max_deletion_percent: 30\n"
      "hold: true\n", "guard.yaml");
  ASSERT_TRUE(rules) << render(rules.error());
  EXPECT_FALSE(rules->apply_routes);
  EXPECT_EQ(rules->protected_prefixes.size(), 2U);
  EXPECT_EQ(rules->protected_interfaces, (std::vector<std::string>{"eth0", "mgmt*"}));
  EXPECT_EQ(rules->max_deletion_percent, 30);
  EXPECT_TRUE(rules->hold);
}

TEST(TheGuard, RefusesWhatItDoesNotUnderstandWithItsPlace) {
  EXPECT_EQ(error_of("holt: true\n").find("guard.yaml:1:1"), 0U);
  EXPECT_EQ(error_of("protected: { prefixes: [10.0.0.1/24] }\n").find("guard.yaml:1:"), 0U) << "host bits";
  EXPECT_NE(error_of("protected: { interfaces: [sixteen-letters-x] }\n"), "no error");
  EXPECT_NE(error_of("max_deletion_percent: 101\n"), "no error");
  EXPECT_NE(error_of("hold: yes\n"), "no error");
  EXPECT_NE(error_of("- a\n"), "no error");
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
