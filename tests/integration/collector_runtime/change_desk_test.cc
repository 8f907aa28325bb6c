// Administrative acts against a real store and core: all or nothing, audited, durable before anybody is offered anything.
#include <gtest/gtest.h>

#include "collector/runtime/change_desk.h"
#include "common/pki/token.h"
#include "tests/fakes/store/forwarding_store.h"
#include "tests/integration/collector_runtime/running_collector.h"

namespace ondol::collector {
namespace {

constexpr const char* kActor = "uid 1000 (kim)";
constexpr const char* kHeader = "name,cluster,phase,app_type,app_group,app,service_code,owner,rack,labels\n";

std::string routes_yaml(int count) {
  std::string text = "mode: { routes: enforce }\nroutes:\n  list:\n";
  for (int i = 0; i < count; ++i) text += "    - { to: 10.20." + std::to_string(i) + ".0/24, via: 10.0.0.1 }\n";
  return count == 0 ? "mode: { routes: enforce }\nroutes:\n  list: []\n" : text;
}

struct Desk : ::testing::Test {
  std::shared_ptr<store::ForwardingStore> store = std::make_shared<store::ForwardingStore>();
  RunningCollector c{store};
  ChangeDesk desk{{*c.store, c.writer, c.runtime, sha256_of("ca")}};

  ConfigVerdict apply(const std::string& global, bool allow_mass_delete = false) {
    auto verdict = desk.apply_config({{{"layers/global.yaml", global}}, "because", allow_mass_delete}, kActor);
    EXPECT_TRUE(verdict) << render(verdict.error());
    return verdict.value_or(ConfigVerdict{});
  }
  static std::string errors_of(const ConfigVerdict& verdict) {
    std::string text;
    for (const auto& finding : verdict.findings) {
      if (finding.severity == intent::Severity::kError) text += finding.message + "\n";
    }
    return text;
  }
};

TEST_F(Desk, AnApplyIsStoredAuditedAndOfferedToTheConnectedHost) {
  c.enrol("h1");
  const ConnectionId id = c.connect("h1");
  const ConfigVerdict verdict = apply(routes_yaml(3));
  EXPECT_EQ(errors_of(verdict), "");
  EXPECT_EQ(verdict.hosts_changed, 1u);
  const auto offer = c.shard.wait_for<session::DesiredOffer>(id);
  ASSERT_TRUE(offer);
  EXPECT_EQ(offer->state.generation, Generation{1});
  EXPECT_EQ(offer->state.revision, verdict.revision);
  EXPECT_EQ(offer->state.routes->routes.size(), 3u);
  const store::AuditRow audit = store->read_audit(1).value().at(0);
  EXPECT_EQ(audit.actor, kActor);
  EXPECT_EQ(audit.action, "config.apply");
  EXPECT_EQ(audit.subject, verdict.revision.value);
  EXPECT_EQ(store->read_current_revision().value()->author, kActor);
}

TEST_F(Desk, AFileWithAnErrorStoresNothing) {
  c.enrol("h1");
  const ConfigVerdict verdict = apply("routes:\n  lisst: []\n");
  EXPECT_NE(errors_of(verdict), "");
  EXPECT_EQ(verdict.revision, Revision{});
  EXPECT_FALSE(store->read_current_revision().value());
  EXPECT_FALSE(store->read_desired(HostId{"h1"}).value());
}

TEST_F(Desk, TheSameLayersAgainChangeNothing) {
  c.enrol("h1");
  const ConfigVerdict first = apply(routes_yaml(3));
  const ConfigVerdict again = apply(routes_yaml(3));
  EXPECT_TRUE(again.unchanged);
  EXPECT_EQ(again.revision, first.revision);
  EXPECT_EQ(store->read_desired(HostId{"h1"}).value()->generation, Generation{1});
}

TEST_F(Desk, AnotherTextWithTheSameMeaningKeepsTheGeneration) {
  c.enrol("h1");
  apply(routes_yaml(3));
  const ConfigVerdict again = apply("# a comment\n" + routes_yaml(3));
  EXPECT_FALSE(again.unchanged);
  EXPECT_EQ(again.hosts_changed, 0u);
  EXPECT_EQ(store->read_desired(HostId{"h1"}).value()->generation, Generation{1});
}

TEST_F(Desk, OtherRulesOfTheTrialAloneChangeNoHostAndTheNextChangeIsTriedByThem) {
  c.enrol("h1");
  apply(routes_yaml(3));
  const ConfigVerdict rules = apply(routes_yaml(3) + "trial: { deadline: 3m }\nprobes: [ { inbound: 22 } ]\n");
  EXPECT_EQ(errors_of(rules), "");
  EXPECT_EQ(rules.hosts_changed, 0u);
  EXPECT_EQ(store->read_current_revision().value()->id, rules.revision) << "the revision is kept";
  EXPECT_EQ(store->read_desired(HostId{"h1"}).value()->generation, Generation{1});
  apply(routes_yaml(4) + "trial: { deadline: 3m }\nprobes: [ { inbound: 22 } ]\n");
  const auto next = read_desired_state(*store, HostId{"h1"}).value();
  EXPECT_EQ(next->generation, Generation{2});
  EXPECT_EQ(next->trial.deadline, Milliseconds{180'000});
  EXPECT_EQ(next->trial.probes.size(), 1u);
}

TEST_F(Desk, AHostThatUndidItsGenerationTriesItAgainAtTheNextApplyByTheRulesOfThen) {
  c.enrol("h1");
  c.enrol("h2");
  const ConnectionId id = c.connect("h1");
  apply(routes_yaml(3) + "probes: [ { inbound: 2222 } ]\n");
  ASSERT_TRUE(c.shard.wait_for<session::DesiredOffer>(id));
  session::GenerationResult undone;
  undone.generation = Generation{1};
  undone.outcome = session::GenerationOutcome::kRolledBack;
  undone.reason = "probe: tcp/2222 is closed";
  c.say(id, batch({{EventSequence{1}, {}, undone}}));
  ASSERT_TRUE(c.shard.wait_for<session::EventAck>(id));
  EXPECT_EQ(desk.import_cmdb(std::string(kHeader) + "h3,,,,,,,,,\n", false, kActor)->added, 1u);
  EXPECT_EQ(store->read_desired(HostId{"h1"}).value()->generation, Generation{1}) << "an import retries nothing";
  const ConfigVerdict again = apply(routes_yaml(3) + "probes: [ { inbound: 22 } ]\n");
  EXPECT_EQ(again.hosts_changed, 1u);
  const auto next = read_desired_state(*store, HostId{"h1"}).value();
  EXPECT_EQ(next->generation, Generation{2});
  EXPECT_EQ(next->trial.probes.at(0).port, 22);
  EXPECT_EQ(store->read_desired(HostId{"h2"}).value()->generation, Generation{1});
}

TEST_F(Desk, TheVerySameLayersAreTriedAgainWhereTheyWereUndone) {
  c.enrol("h1");
  const ConnectionId id = c.connect("h1");
  const ConfigVerdict first = apply(routes_yaml(3));
  ASSERT_TRUE(c.shard.wait_for<session::DesiredOffer>(id));
  session::GenerationResult undone;
  undone.generation = Generation{1};
  undone.outcome = session::GenerationOutcome::kRolledBack;
  undone.reason = "no_contact: no TCP";
  c.say(id, batch({{EventSequence{1}, {}, undone}}));
  ASSERT_TRUE(c.shard.wait_for<session::EventAck>(id));
  const ConfigVerdict again = apply(routes_yaml(3));
  EXPECT_FALSE(again.unchanged);
  EXPECT_EQ(again.hosts_changed, 1u);
  EXPECT_EQ(again.revision, first.revision);
  EXPECT_EQ(store->read_desired(HostId{"h1"}).value()->generation, Generation{2});
}

TEST_F(Desk, EmptyDesiredStateIsRefusedNamingTheHosts) {
  c.enrol("h1");
  apply(routes_yaml(10));
  const ConfigVerdict verdict = apply(routes_yaml(0));
  EXPECT_EQ(errors_of(verdict), "more than 30 % of the routes of 1 host would be removed\n");
  EXPECT_EQ(verdict.findings.back().hosts, std::vector<HostId>{HostId{"h1"}});
  EXPECT_EQ(store->read_desired(HostId{"h1"}).value()->generation, Generation{1});
}

TEST_F(Desk, MoreThan30PercentDeletedIsRefusedAndThirtyIsNot) {
  c.enrol("h1");
  apply(routes_yaml(10));
  EXPECT_NE(errors_of(apply(routes_yaml(6))), "");
  EXPECT_EQ(errors_of(apply(routes_yaml(7))), "");
}

TEST_F(Desk, AMassDeletionThatIsMeantGoesThroughAndSaysSo) {
  c.enrol("h1");
  const ConnectionId id = c.connect("h1");
  apply(routes_yaml(10));
  ASSERT_TRUE(c.shard.wait_for<session::DesiredOffer>(id));
  const ConfigVerdict verdict = apply(routes_yaml(0), true);
  EXPECT_EQ(errors_of(verdict), "");
  EXPECT_TRUE(read_desired_state(*store, HostId{"h1"}).value()->allow_mass_delete);
  EXPECT_NE(store->read_audit(1).value().at(0).detail.find("mass deletion allowed"), std::string::npos);
}

TEST_F(Desk, NoRoutesInAnyLayerIsUnmanagedAndNoDeletion) {
  c.enrol("h1");
  apply(routes_yaml(10));
  EXPECT_EQ(errors_of(apply("vars: { a: b }\n")), "");
  EXPECT_FALSE(read_desired_state(*store, HostId{"h1"}).value()->routes);
}

TEST_F(Desk, ACheckStoresNothing) {
  c.enrol("h1");
  const auto verdict = desk.check_config({{{"layers/global.yaml", routes_yaml(3)}}, "", false});
  ASSERT_TRUE(verdict);
  EXPECT_EQ(verdict->hosts_changed, 1u);
  EXPECT_FALSE(store->read_current_revision().value());
}

TEST_F(Desk, WithADiskThatFailsTheApplyIsRefusedAndNobodyIsOffered) {
  c.enrol("h1");
  apply(routes_yaml(1));
  store->fail_commits(Error{Errc::kIo, "database or disk is full", "", ""});
  const auto verdict = desk.apply_config({{{"layers/global.yaml", routes_yaml(2)}}, "", false}, kActor);
  ASSERT_FALSE(verdict);
  EXPECT_EQ(verdict.error().message.rfind("audit not durable: ", 0), 0u) << verdict.error().message;
  store->fail_commits(std::nullopt);
  EXPECT_EQ(store->read_desired(HostId{"h1"}).value()->generation, Generation{1});
  EXPECT_EQ(apply(routes_yaml(2)).hosts_changed, 1u) << "accepted once the disk takes it";
}

TEST_F(Desk, AGenerationIsAboveWhatTheHostHasEverReceived) {
  c.enrol("h1");
  const ConnectionId id = c.connect("h1");
  c.say(id, runs(41));
  apply(routes_yaml(1));
  EXPECT_EQ(store->read_desired(HostId{"h1"}).value()->generation, Generation{42});
}

TEST_F(Desk, AnImportAddsRecordsAndResolvesThemWithTheCurrentRevision) {
  apply(routes_yaml(2));
  const auto verdict = desk.import_cmdb(std::string(kHeader) + "h1,,,,,,,,,\n", false, kActor);
  ASSERT_TRUE(verdict);
  EXPECT_EQ(verdict->added, 1u);
  EXPECT_EQ(store->read_desired(HostId{"h1"}).value()->generation, Generation{1});
  EXPECT_EQ(store->read_records().value().at(0).changed_by, kActor);
  EXPECT_EQ(store->read_audit(1).value().at(0).action, "cmdb.import");
}

TEST_F(Desk, ARecordThatMovesToAnotherClusterGetsItsLayers) {
  ASSERT_TRUE(desk.import_cmdb(std::string(kHeader) + "h1,a,,,,,,,,\n", false, kActor));
  ConfigChange change{{{"layers/global.yaml", routes_yaml(1)},
                       {"layers/cluster/a.yaml", "vars: { a: b }\n"},
                       {"layers/cluster/b.yaml", "routes:\n  list:\n    - { to: 10.99.0.0/16, via: 10.0.0.1 }\n"}}, "", false};
  ASSERT_TRUE(desk.apply_config(change, kActor));
  const auto verdict = desk.import_cmdb(std::string(kHeader) + "h1,b,,,,,,,,\n", false, kActor);
  ASSERT_TRUE(verdict);
  EXPECT_EQ(verdict->changed, 1u);
  EXPECT_EQ(read_desired_state(*store, HostId{"h1"}).value()->routes->routes.size(), 2u);
}

TEST_F(Desk, AMisspeltClusterIsWarnedAbout) {
  apply(routes_yaml(1));
  const auto verdict = desk.import_cmdb(std::string(kHeader) + "h1,seul-1,,,,,,,,\n", false, kActor);
  ASSERT_TRUE(verdict);
  ASSERT_EQ(verdict->warnings.size(), 1u);
  EXPECT_NE(verdict->warnings[0].message.find("seul-1"), std::string::npos);
  EXPECT_EQ(verdict->added, 1u) << "a warning stops nothing";
}

TEST_F(Desk, ADryRunCountsAndStoresNothing) {
  const auto verdict = desk.import_cmdb(std::string(kHeader) + "h1,,,,,,,,,\n", true, kActor);
  ASSERT_TRUE(verdict);
  EXPECT_EQ(verdict->added, 1u);
  EXPECT_TRUE(store->read_records().value().empty());
}

TEST_F(Desk, ATokenNeedsARecordAndIsStoredOnlyAsItsHash) {
  EXPECT_EQ(desk.create_token(HostId{"h1"}, kActor).error().code, Errc::kNotFound);
  c.put_record("h1");
  const auto grant = desk.create_token(HostId{"h1"}, kActor);
  ASSERT_TRUE(grant);
  const auto token = pki::parse_token(grant->token);
  ASSERT_TRUE(token);
  EXPECT_EQ(token->ca_hash, sha256_of("ca"));
  EXPECT_EQ(store->read_token(pki::token_hash(*token)).value()->host, HostId{"h1"});
  EXPECT_EQ(store->read_audit(1).value().at(0).action, "token.create");
}

TEST_F(Desk, ARevokedHostIsCutOffWithItsCertificatesCounted) {
  c.enrol("h1");
  const ConnectionId id = c.connect("h1");
  ASSERT_TRUE(c.shard.wait_for<session::Welcome>(id));
  const auto revoked = desk.revoke_host(HostId{"h1"}, kActor);
  ASSERT_TRUE(revoked);
  EXPECT_EQ(*revoked, 1u);
  EXPECT_EQ(c.shard.wait_for_close(id), "certificate revoked");
  EXPECT_TRUE(store->read_certificate("serial-h1").value()->revoked);
}

TEST_F(Desk, TenThousandRecordsAreImportedAndResolved) {
  apply(routes_yaml(20));
  std::string csv = kHeader;
  for (int i = 0; i < 10'000; ++i) csv += "host-" + std::to_string(i) + ",,,,,,,,,\n";
  const auto verdict = desk.import_cmdb(csv, false, kActor);
  ASSERT_TRUE(verdict);
  EXPECT_EQ(verdict->added, 10'000u);
  EXPECT_EQ(store->read_desired().value().size(), 10'000u);
}

}  // namespace
}  // namespace ondol::collector
