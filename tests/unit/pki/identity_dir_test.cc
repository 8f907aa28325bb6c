#include "common/pki/identity_dir.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "common/pki/csr.h"
#include "common/pki/issue.h"

namespace ondol::pki {
namespace {

namespace fs = std::filesystem;

const WallTime kNow = wall_from_unix_ns(1'800'000'000'000'000'000);
const IdentityOwner kOwner{Purpose::kAgent, "pay-web-01"};

class IdentityDir : public testing::Test {
 protected:
  IdentityDir() {
    std::string pattern = testing::TempDir() + "ondol-identity-XXXXXX";
    root_ = ::mkdtemp(pattern.data());
    directory_ = root_ + "/identity";
  }
  ~IdentityDir() override { fs::remove_all(root_); }

  Identity make(const std::string& host = "pay-web-01") const {
    const Key key = make_key().value();
    const Certificate leaf =
        issue_agent_certificate(ca_, *parse_csr(*make_csr(key)), HostId{host}, kNow).value();
    return {*render_key(key), render_pem(leaf), render_pem(ca_.certificate)};
  }
  Result<CertificateFacts> write(const Identity& identity) const {
    return write_identity(directory_, identity, kOwner, kNow);
  }
  Identity current() const { return read_identity(directory_, Purpose::kAgent).value(); }
  std::set<std::string> entries() const {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(directory_))
      names.insert(entry.path().filename().string());
    return names;
  }
  // Runs `act` in a child process and returns its wait status.
  template <typename Act>
  static int in_child(Act act) {
    const pid_t child = ::fork();
    if (child == 0) {
      act();
      ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return status;
  }

  std::string root_, directory_;
  Ca ca_ = make_ca(kNow).value();
};

TEST_F(IdentityDir, IsMadeOnTheFirstWriteWithModesThatKeepTheKeyPrivate) {
  const Identity identity = make();
  const auto facts = write(identity);
  ASSERT_TRUE(facts) << render(facts.error());
  EXPECT_EQ(facts->host, HostId{"pay-web-01"});
  EXPECT_EQ(current(), identity);
  EXPECT_EQ(*read_identity_facts(directory_, Purpose::kAgent), *facts);
  struct stat key {};
  ASSERT_EQ(::stat((directory_ + "/current/key.pem").c_str(), &key), 0);
  EXPECT_EQ(key.st_mode & 07777, 0600U);
  EXPECT_EQ(fs::read_symlink(directory_ + "/current").string(), "generation-1");
}

TEST_F(IdentityDir, KeepsOneGenerationBeforeTheCurrentOne) {
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(write(make()));
  EXPECT_EQ(entries(), (std::set<std::string>{"current", "generation-3", "generation-4"}));
}

TEST_F(IdentityDir, AWrongPairNeverReplacesAGoodOne) {
  const Identity good = make();
  ASSERT_TRUE(write(good));
  const Ca other = make_ca(kNow).value();
  const std::vector<Identity> bad{
      {make().key_pem, good.certificate_pem, good.ca_pem},
      {good.key_pem, good.certificate_pem, render_pem(other.certificate)},
      {good.key_pem, good.certificate_pem, ""},
      {good.key_pem, "", good.ca_pem},
      {"", good.certificate_pem, good.ca_pem},
      {good.key_pem, good.certificate_pem.substr(0, 200), good.ca_pem},
      make("another-host"),
  };
  for (const Identity& identity : bad) EXPECT_FALSE(write(identity));
  EXPECT_FALSE(write_identity(directory_, make(), kOwner, kNow + std::chrono::hours(2)));
  EXPECT_FALSE(write_identity(directory_, make(), kOwner, kNow - std::chrono::hours(2)));
  EXPECT_EQ(current(), good);
  EXPECT_EQ(entries(), (std::set<std::string>{"current", "generation-1"}));
}

TEST_F(IdentityDir, AKillAtAnyStepLeavesTheOldOrTheNew) {
  const std::vector<std::string> steps{
      "pki.directory",        "pki.file.key.pem",    "pki.file.certificate.pem", "pki.file.ca.pem",
      "pki.identity.written", "pki.identity.linked", "pki.identity.swapped",     "pki.identity.swept"};
  for (const std::string& step : steps) {
    const Identity old = make();
    ASSERT_TRUE(write(old)) << step;
    const Identity fresh = make();
    const int status = in_child([&] {
      ::setenv("ONDOL_FAILPOINT", step.c_str(), 1);
      write(fresh).has_value();
    });
    ASSERT_TRUE(WIFSIGNALED(status)) << step << " was not reached";
    const Identity found = current();
    const bool swapped = step == "pki.identity.swapped" || step == "pki.identity.swept";
    EXPECT_EQ(found, swapped ? fresh : old) << step;
    EXPECT_TRUE(verify_identity(found, kOwner, kNow)) << step;
  }
  ASSERT_TRUE(write(make()));
  EXPECT_EQ(entries().size(), 3U) << "what the killed writers left is swept";
}

TEST_F(IdentityDir, AFullDiskKeepsTheOldAndLeavesNothingBehind) {
  const Identity old = make();
  ASSERT_TRUE(write(old));
  const int status = in_child([&] {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit small{100, 100};
    ::setrlimit(RLIMIT_FSIZE, &small);
    const auto outcome = write(make());
    ::_exit(!outcome && outcome.error().code == Errc::kIo ? 7 : 1);
  });
  EXPECT_EQ(WEXITSTATUS(status), 7);
  EXPECT_EQ(current(), old);
  EXPECT_EQ(entries(), (std::set<std::string>{"current", "generation-1"}));
}

TEST_F(IdentityDir, AThingNamedCurrentThatIsNoLinkIsNotOurs) {
  fs::create_directories(directory_ + "/current");
  const auto outcome = write(make());
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, Errc::kConflict);
  EXPECT_EQ(entries(), (std::set<std::string>{"current"}));
}

TEST_F(IdentityDir, NothingThereIsNotFoundAndADamagedFileIsAnError) {
  EXPECT_EQ(read_identity(directory_, Purpose::kAgent).error().code, Errc::kNotFound);
  ASSERT_TRUE(write(make()));
  std::ofstream(directory_ + "/current/certificate.pem") << "half";
  EXPECT_FALSE(read_identity_facts(directory_, Purpose::kAgent));
}

TEST_F(IdentityDir, HoldsAServersIdentityUnderItsOwnNames) {
  const Key key = make_key().value();
  const auto leaf = issue_server_certificate(ca_, key, {"ondol-collector"}, kNow).value();
  const Identity identity{*render_key(key), render_pem(leaf) + render_pem(ca_.certificate),
                          render_pem(ca_.certificate)};
  ASSERT_TRUE(write_identity(directory_, identity, {Purpose::kServer, "ondol-collector"}, kNow));
  EXPECT_TRUE(fs::exists(directory_ + "/current/server-key.pem"));
  EXPECT_TRUE(fs::exists(directory_ + "/current/server.pem"));
  EXPECT_EQ(read_identity(directory_, Purpose::kServer).value(), identity);
}

}  // namespace
}  // namespace ondol::pki
