// Contract: the record, revisions and desired state.
#include "tests/contract/store/engine.h"

namespace ondol::store {
namespace {

HostRecord record(const std::string& name) {
  return {host(name), "seoul-1", "live", "api", "payments", "settlement", "SVC-7", "team-a", "r12",
          {{"tier", "gold"}, {"zone", "a"}}, at(5), "uid 0 (root)"};
}

RevisionRow revision(const std::string& id, const std::string& message) {
  return {Revision(id), {{"layers/app/x.yaml", "routes: {}\n"}, {"layers/global.yaml", std::string("a\0b\xff", 4)}},
          message, "uid 1000 (kim)", at(9), false};
}

TEST_P(StoreContract, AFreshStoreIsEmptyInEveryList) {
  EXPECT_EQ(store().engine(), GetParam().name);
  EXPECT_FALSE(store().must_reopen());
  EXPECT_TRUE(value_of(store().read_records()).empty());
  EXPECT_FALSE(value_of(store().read_current_revision()));
  EXPECT_FALSE(value_of(store().read_revision(Revision("none"))));
  EXPECT_TRUE(value_of(store().read_commits(10)).empty());
  EXPECT_FALSE(value_of(store().read_layer_file(Revision("none"), "layers/global.yaml")));
  EXPECT_TRUE(value_of(store().read_desired()).empty());
  EXPECT_FALSE(value_of(store().read_desired(host("h1"))));
  EXPECT_FALSE(value_of(store().read_observed(host("h1"), session::ResourceType::kRoutes)));
  EXPECT_TRUE(value_of(store().read_observed_heads()).empty());
  EXPECT_TRUE(value_of(store().read_events(host("h1"), 10)).empty());
  EXPECT_TRUE(value_of(store().read_event_positions()).empty());
  EXPECT_TRUE(value_of(store().read_open_drift()).empty());
  EXPECT_TRUE(value_of(store().read_drift(std::nullopt, 10)).empty());
  EXPECT_FALSE(value_of(store().read_drift_by_id(DriftId(1))));
  EXPECT_EQ(value_of(store().read_highest_drift_id()), DriftId(0));
  EXPECT_TRUE(value_of(store().read_statuses()).empty());
  EXPECT_FALSE(value_of(store().read_token(sha256_of("t"))));
  EXPECT_TRUE(value_of(store().read_certificates()).empty());
  EXPECT_TRUE(value_of(store().read_audit(10)).empty());
  EXPECT_TRUE(store().verify_audit());
  EXPECT_TRUE(store().checkpoint());
}

TEST_P(StoreContract, AnEmptyBatchIsStored) { commit({}); }

TEST_P(StoreContract, RecordsComeBackWholeAndSortedByName) {
  commit({PutRecord{record("web-2")}, PutRecord{record("web-1")}, PutRecord{record("db.1")}});
  EXPECT_EQ(value_of(store().read_records()), (std::vector{record("db.1"), record("web-1"), record("web-2")}));
}

TEST_P(StoreContract, ARecordPutAgainReplacesEveryFieldAndLabel) {
  commit({PutRecord{record("web-1")}});
  HostRecord changed = record("web-1");
  changed.rack.clear();
  changed.labels = {{"zone", "b"}};
  commit({PutRecord{changed}});
  EXPECT_EQ(value_of(store().read_records()), std::vector{changed});
}

TEST_P(StoreContract, ADeletedRecordIsGoneWithItsLabelsAndAnUnknownOneIsNoError) {
  commit({PutRecord{record("web-1")}, PutRecord{record("web-2")}});
  commit({DeleteRecord{host("web-1")}, DeleteRecord{host("nobody")}});
  EXPECT_EQ(value_of(store().read_records()), std::vector{record("web-2")});
  HostRecord bare;
  bare.name = host("web-1");
  commit({PutRecord{bare}});
  EXPECT_EQ(value_of(store().read_records()).front(), bare);
}

TEST_P(StoreContract, AHostWithoutARecordMayStillHaveValues) {
  commit({PutRecord{record("web-1")}, PutDesired{desired("web-1", 3)}});
  commit({DeleteRecord{host("web-1")}});
  EXPECT_EQ(value_of(store().read_desired(host("web-1"))), desired("web-1", 3));
}

TEST_P(StoreContract, TheLastRevisionPutIsTheCurrentOne) {
  commit({PutRevision{revision("r1", "first")}, PutRevision{revision("r2", "second")}});
  EXPECT_EQ(value_of(store().read_current_revision()), revision("r2", "second"));
  EXPECT_EQ(value_of(store().read_revision(Revision("r1"))), revision("r1", "first"));
}

TEST_P(StoreContract, AnOldRevisionPutAgainIsReplacedAndCurrent) {
  commit({PutRevision{revision("r1", "first")}, PutRevision{revision("r2", "second")}});
  RevisionRow again = revision("r1", "first, with permission to delete");
  again.allow_mass_delete = true;
  again.files.pop_back();
  commit({PutRevision{again}});
  EXPECT_EQ(value_of(store().read_current_revision()), again);
  EXPECT_EQ(value_of(store().read_revision(Revision("r2"))), revision("r2", "second"));
}

CommitRow commit_of(std::uint64_t number, const RevisionRow& row, std::uint32_t changed, std::uint32_t total) {
  return {number, row.id, row.message, row.author, row.committed, row.allow_mass_delete, changed, total};
}

TEST_P(StoreContract, EveryCommitIsKeptNewestFirstAlsoOfARevisionThatWasPutBefore) {
  const RevisionRow first = revision("r1", "first"), second = revision("r2", "second");
  RevisionRow again = revision("r1", "back to the first");
  again.author = "uid 0 (root)";
  again.committed = at(20);
  again.allow_mass_delete = true;
  commit({PutRevision{first, 3, 10}});
  commit({PutRevision{second}, PutRevision{again, 2, 10}});
  EXPECT_EQ(value_of(store().read_commits(10)),
            (std::vector{commit_of(3, again, 2, 10), commit_of(2, second, 0, 0), commit_of(1, first, 3, 10)}));
  EXPECT_EQ(value_of(store().read_commits(1)), std::vector{commit_of(3, again, 2, 10)});
  EXPECT_TRUE(value_of(store().read_commits(0)).empty());
}

TEST_P(StoreContract, ACommitOfARefusedBatchIsNotKept) {
  expect_refused({PutRevision{revision("r1", "m")}, PutDesired{desired("a", 0)}}, Errc::kConflict, "write 1");
  EXPECT_TRUE(value_of(store().read_commits(10)).empty());
  commit({PutRevision{revision("r1", "m")}});
  EXPECT_EQ(value_of(store().read_commits(10)).front().number, 1u);
}

TEST_P(StoreContract, OneLayerFileOfARevisionCanBeReadAlone) {
  commit({PutRevision{revision("r1", "first")}});
  EXPECT_EQ(value_of(store().read_layer_file(Revision("r1"), "layers/global.yaml"))->content, std::string("a\0b\xff", 4));
  EXPECT_FALSE(value_of(store().read_layer_file(Revision("r1"), "layers/app/y.yaml")));
}

TEST_P(StoreContract, DesiredStateIsSortedByHostAndKeepsEveryByte) {
  const std::string bytes("\0\xff\n'", 4);
  commit({PutDesired{desired("b", 1)}, PutDesired{desired("a", 7, bytes)}});
  EXPECT_EQ(value_of(store().read_desired()), (std::vector{desired("a", 7, bytes), desired("b", 1)}));
}

TEST_P(StoreContract, AGenerationOnlyGrows) {
  commit({PutDesired{desired("a", 5, "five")}});
  expect_refused({PutDesired{desired("a", 5, "again")}}, Errc::kConflict, "write 0");
  expect_refused({PutDesired{desired("a", 4, "older")}}, Errc::kConflict, "write 0");
  EXPECT_EQ(value_of(store().read_desired(host("a"))), desired("a", 5, "five"));
  commit({PutDesired{desired("a", 9, "nine")}});
  EXPECT_EQ(value_of(store().read_desired(host("a"))), desired("a", 9, "nine"));
}

TEST_P(StoreContract, GenerationsOfOneBatchAreComparedWithEachOther) {
  commit({PutDesired{desired("a", 1)}, PutDesired{desired("a", 2, "two")}});
  EXPECT_EQ(value_of(store().read_desired(host("a"))), desired("a", 2, "two"));
  expect_refused({PutDesired{desired("a", 4)}, PutDesired{desired("a", 3)}}, Errc::kConflict, "write 1");
}

TEST_P(StoreContract, GenerationZeroMeansNoneAndIsRefused) {
  expect_refused({PutDesired{desired("a", 0)}}, Errc::kConflict, "write 0");
}

TEST_P(StoreContract, AGenerationBeyondSixtyThreeBitsIsRefused) {
  expect_refused({PutDesired{desired("a", 1ull << 63)}}, Errc::kInvalidInput, "write 0");
  commit({PutDesired{desired("a", (1ull << 63) - 1)}});
}

TEST_P(StoreContract, ARefusedWriteTakesTheWholeBatchBackAndIsNamed) {
  commit({PutDesired{desired("a", 5)}});
  expect_refused({PutRecord{record("web-1")}, AppendAudit(audit("cmdb.import")), PutRevision{revision("r1", "m")},
                  PutDesired{desired("a", 5)}, PutDesired{desired("b", 1)}},
                 Errc::kConflict, "write 3");
  EXPECT_TRUE(value_of(store().read_records()).empty());
  EXPECT_TRUE(value_of(store().read_audit(10)).empty());
  EXPECT_FALSE(value_of(store().read_current_revision()));
  EXPECT_FALSE(value_of(store().read_desired(host("b"))));
  commit({AppendAudit(audit("after")), PutDesired{desired("a", 6)}});
  EXPECT_TRUE(store().verify_audit());
}

INSTANTIATE_TEST_SUITE_P(Store, StoreContract, testing::ValuesIn(every_engine()), engine_name);

}  // namespace
}  // namespace ondol::store
