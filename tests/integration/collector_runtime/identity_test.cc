// Tokens, certificates and the authority: durable before anybody hears of them.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "collector/runtime/authority.h"
#include "tests/integration/collector_runtime/running_collector.h"

namespace ondol::collector {
namespace {

struct Folder {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("ondol-collector-" + std::to_string(getpid()));
  Folder() { std::filesystem::create_directories(path); }
  ~Folder() { std::filesystem::remove_all(path); }
};

void put_token(RunningCollector& c, const std::string& secret, WallTime expires) {
  EXPECT_TRUE(c.writer.submit_and_wait(
      {store::PutToken{{sha256_of(secret), HostId{"h1"}, expires, {}, "uid 0 (root)"}}}));
}

TEST(EnrollBackend, ATokenIsGoodForOneUse) {
  RunningCollector c;
  c.put_record("h1");
  const WallTime now = read_now().wall;
  put_token(c, "secret", now + Seconds{600});
  StoreEnrollBackend backend(*c.store, c.writer, c.runtime);
  EXPECT_EQ(backend.redeem_token(sha256_of("secret"), now).value(), HostId{"h1"});
  EXPECT_EQ(backend.redeem_token(sha256_of("secret"), now).error().code, Errc::kConflict);
}

TEST(EnrollBackend, AnUnknownAnExpiredAndAnOrphanedTokenAreToldApart) {
  RunningCollector c;
  const WallTime now = read_now().wall;
  put_token(c, "old", now - Seconds{1});
  put_token(c, "orphan", now + Seconds{600});
  StoreEnrollBackend backend(*c.store, c.writer, c.runtime);
  EXPECT_EQ(backend.redeem_token(sha256_of("guess"), now).error().code, Errc::kNotFound);
  EXPECT_EQ(backend.redeem_token(sha256_of("old"), now).error().code, Errc::kRefused);
  EXPECT_EQ(backend.redeem_token(sha256_of("orphan"), now).error().code, Errc::kInvalidInput);
}

TEST(EnrollBackend, AnIssuedCertificateIsStoredAuditedAndKnownToTheShard) {
  RunningCollector c;
  c.enrol("h1");
  StoreEnrollBackend backend(*c.store, c.writer, c.runtime);
  EXPECT_EQ(backend.find_certificate("serial-h1").value().host, HostId{"h1"});
  EXPECT_EQ(backend.find_certificate("another").error().code, Errc::kNotFound);
  EXPECT_EQ(c.store->read_audit(1).value().at(0).action, "enroll");
  const ConnectionId id = c.connect("h1");
  EXPECT_TRUE(c.shard.wait_for<session::Welcome>(id));
}

TEST(Authority, IsMadeOnceAndReadAgain) {
  const Folder folder;
  const AuthorityPaths paths(folder.path);
  const WallTime now = read_now().wall;
  const auto first = open_authority(paths, now);
  ASSERT_TRUE(first) << render(first.error());
  const auto again = open_authority(paths, now);
  ASSERT_TRUE(again) << render(again.error());
  EXPECT_EQ(pki::render_pem(first->certificate), pki::render_pem(again->certificate));
}

TEST(Authority, WithoutItsKeyIsAnErrorAndNotReplaced) {
  const Folder folder;
  const AuthorityPaths paths(folder.path);
  ASSERT_TRUE(open_authority(paths, read_now().wall));
  std::filesystem::remove(paths.authority + "/ca-key.pem");
  const auto broken = open_authority(paths, read_now().wall);
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().code, Errc::kCorrupt);
}

TEST(Authority, AKillWhileItIsMadeLeavesNoneAndTheNextStartMakesIt) {
  const Folder folder;
  const AuthorityPaths paths(folder.path);
  for (const char* step : {"pki.directory", "pki.file.ca.pem", "pki.file.ca-key.pem", "authority.written"}) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::setenv("ONDOL_FAILPOINT", step, 1);
      (void)open_authority(paths, read_now().wall);
      ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << step << " was not reached";
    EXPECT_FALSE(std::filesystem::exists(paths.authority)) << step;
  }
  EXPECT_TRUE(open_authority(paths, read_now().wall));
}

TEST(Authority, ThatIsGoneAfterItIssuedIsAnErrorAndNotReplaced) {
  const Folder folder;
  const AuthorityPaths paths(folder.path);
  const auto ca = open_authority(paths, read_now().wall);
  ASSERT_TRUE(ca);
  ASSERT_TRUE(ensure_server_identity(paths, *ca, {}, read_now().wall));
  std::filesystem::remove_all(paths.authority);
  EXPECT_EQ(open_authority(paths, read_now().wall).error().code, Errc::kCorrupt);
  EXPECT_FALSE(std::filesystem::exists(paths.authority));
}

TEST(Authority, WithoutItsCertificateOrWithAnEmptyOneIsAnErrorAndNotReplaced) {
  const Folder folder;
  const AuthorityPaths paths(folder.path);
  ASSERT_TRUE(open_authority(paths, read_now().wall));
  std::filesystem::resize_file(paths.authority + "/ca.pem", 0);
  EXPECT_EQ(open_authority(paths, read_now().wall).error().code, Errc::kCorrupt);
  std::filesystem::remove(paths.authority + "/ca.pem");
  EXPECT_EQ(open_authority(paths, read_now().wall).error().code, Errc::kCorrupt);
}

TEST(Authority, WhoseKeyOthersCanReadIsRefused) {
  const Folder folder;
  const AuthorityPaths paths(folder.path);
  ASSERT_TRUE(open_authority(paths, read_now().wall));
  std::filesystem::permissions(paths.authority + "/ca-key.pem", std::filesystem::perms::group_read,
                               std::filesystem::perm_options::add);
  EXPECT_EQ(open_authority(paths, read_now().wall).error().code, Errc::kRefused);
}

TEST(ServerIdentity, IsTheSameWhicheverWayItsNamesAreSpelt) {
  const Folder folder;
  const AuthorityPaths paths(folder.path);
  const WallTime now = read_now().wall;
  const auto ca = open_authority(paths, now);
  const std::vector<std::string> names{"Collector.Example", "2001:DB8:0:0::1"};
  ASSERT_TRUE(ensure_server_identity(paths, *ca, names, now));
  EXPECT_FALSE(ensure_server_identity(paths, *ca, names, now)->renewed);
}

TEST(ServerIdentity, IsMadeAnewWhenItBeginsInTheFutureAfterAClockWasSetBack) {
  const Folder folder;
  const AuthorityPaths paths(folder.path);
  const WallTime now = read_now().wall;
  const auto ca = open_authority(paths, now);
  ASSERT_TRUE(ensure_server_identity(paths, *ca, {}, now + std::chrono::hours(24 * 30)));
  EXPECT_TRUE(ensure_server_identity(paths, *ca, {}, now)->renewed);
}

TEST(ServerIdentity, IsKeptWhileYoungAndRenewedWhenOldOrRenamed) {
  const Folder folder;
  const AuthorityPaths paths(folder.path);
  const WallTime now = read_now().wall;
  const auto ca = open_authority(paths, now);
  ASSERT_TRUE(ca);
  const auto first = ensure_server_identity(paths, *ca, {"collector.example"}, now);
  ASSERT_TRUE(first) << render(first.error());
  EXPECT_TRUE(first->renewed);
  EXPECT_FALSE(ensure_server_identity(paths, *ca, {"collector.example"}, now)->renewed);
  EXPECT_TRUE(ensure_server_identity(paths, *ca, {"collector.example", "10.0.0.9"}, now)->renewed);
  const WallTime later = now + pki::kServerLifetime / 2 + Seconds{600};
  EXPECT_TRUE(ensure_server_identity(paths, *ca, {"collector.example", "10.0.0.9"}, later)->renewed);
}

}  // namespace
}  // namespace ondol::collector
