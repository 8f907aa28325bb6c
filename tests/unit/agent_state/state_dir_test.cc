#include "agent/state/state_dir.h"

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include "agent/state/event_spool.h"
#include "agent/state/state_codec.h"
#include "tests/fixtures/scratch_dir.h"
#include "tests/unit/routes/routes_by_hand.h"

namespace ondol::agent {
namespace {

using fixtures::ScratchDir;

DesiredState desired(std::size_t routes = 3) {
  DesiredState state{Generation{7}, Revision{std::string(64, 'a')}, {}, false};
  std::vector<routes::Route> all;
  for (std::size_t i = 0; i < routes; ++i) all.push_back(routes::unicast("10." + std::to_string(i / 250) + "." + std::to_string(i % 250) + ".0/24", "10.255.0.1"));
  state.routes = routes::enforce(std::move(all));
  return state;
}

Journal journal() {
  Journal value{desired(), {}, "boot", BootTime{Nanoseconds{5}}};
  auto v6 = routes::unicast("2001:db8::/32", "fe80::1", "eth0", 5);
  v6.key.source = parse_prefix("2001:db8:1::/48").value();
  v6.value.nexthops.push_back({std::nullopt, *routes::InterfaceName::make("eth1"), 10, true, "0a0b"});
  v6.value.preferred_source = parse_address("2001:db8::5").value();
  v6.value.scope = 253;
  v6.value.mtu = 1400;
  value.inverse.push_back({routes::OpKind::kReplace, v6, 4, routes::ours(routes::blackhole("192.0.2.0/24")), false});
  value.inverse.push_back({routes::OpKind::kAppend, routes::unicast("10.0.0.0/8", "10.0.0.1"), 3, std::nullopt, true});
  value.required = {{trial::ProbeKind::kTcp, "bastion", parse_address("2001:db8::22").value(), 22},
                    {trial::ProbeKind::kInbound, "", {}, 443}};
  return value;
}

Ledger ledger() {
  Ledger value{"boot", {}};
  const DesiredState state = desired();
  for (const routes::Route& route : state.routes->routes) value.entries[route.key] = {route.value, route.key.metric == 0};
  return value;
}

TEST(State, ComesBackAsItWasWritten) {
  ScratchDir scratch;
  {
    const auto state = StateDir::open(scratch.path());
    const StoredState empty = state->read();
    EXPECT_FALSE(*empty.confirmed || *empty.journal || *empty.ledger || *empty.highest || empty.held);
    ASSERT_TRUE(state->write_confirmed(desired()));
    ASSERT_TRUE(state->write_journal(journal()));
    ASSERT_TRUE(state->write_previous(desired(2)));
    ASSERT_TRUE(state->write_ledger(ledger()));
    ASSERT_TRUE(state->write_highest({Generation{7}, Revision{"r"}, false}));
    ASSERT_TRUE(state->write_hold(true));
  }
  const auto state = StateDir::open(scratch.path());
  const StoredState read = state->read();
  EXPECT_EQ(**read.confirmed, desired());
  EXPECT_EQ(**read.previous, desired(2));
  EXPECT_EQ(**read.journal, journal());
  EXPECT_EQ(**read.ledger, ledger());
  EXPECT_EQ(**read.highest, (Highest{Generation{7}, Revision{"r"}, false}));
  EXPECT_TRUE(read.held);
  ASSERT_TRUE(state->remove_journal());
  ASSERT_TRUE(state->write_confirmed(std::nullopt));
  ASSERT_TRUE(state->write_hold(false));
  EXPECT_FALSE(*state->read().confirmed || *state->read().journal || state->read().held);
}

TEST(State, ThatIsBrokenIsUnknownAndNeverEmpty) {
  ScratchDir scratch;
  const auto state = StateDir::open(scratch.path());
  ASSERT_TRUE(state->write_confirmed(desired()));
  ASSERT_TRUE(state->write_hold(true));
  for (const char* name : {"confirmed", "journal", "ledger", "highest", "hold"}) fixtures::write_bytes(scratch / name, "garbage");
  for (int start = 0; start < 2; ++start) {
    const StoredState read = state->read();
    EXPECT_FALSE(read.confirmed || read.journal || read.ledger || read.highest);
    EXPECT_TRUE(read.held) << "a hold that cannot be read is a hold";
  }
}

TEST(State, BelongsToOneAgentAtATime) {
  ScratchDir scratch;
  const auto first = StateDir::open(scratch.path());
  EXPECT_EQ(StateDir::open(scratch.path()).error().code, Errc::kConflict);
}

TEST(AJournal, CutAtAnyByteIsRefused) {
  const std::string bytes = encode(journal());
  Journal without = journal();
  without.required.clear();
  const std::size_t end_without = encode(without).size() - 4;  // one from before there were trials ends here
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(decode_journal(bytes.substr(0, size)).has_value(), size == end_without) << size;
  }
  EXPECT_EQ(decode_journal(bytes.substr(0, end_without)).value(), without);
  EXPECT_FALSE(decode_journal(bytes + "x"));
  EXPECT_EQ(decode_journal(bytes).value(), journal());
}

TEST(ALedger, CutOrClaimingMoreThanItHoldsIsRefused) {
  std::string bytes = encode(ledger());
  for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(decode_ledger(bytes.substr(0, size))) << size;
  bytes[8] = bytes[9] = bytes[10] = bytes[11] = '\xff';
  EXPECT_FALSE(decode_ledger(bytes));
}

// A tmpfs of 64 KiB. Needs root.
class AFullDisk : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(geteuid(), 0U) << "this suite mounts a tmpfs: run it as root";
    ASSERT_EQ(::mount("ondol", scratch_.path().c_str(), "tmpfs", 0, "size=64k"), 0);
  }
  void TearDown() override { ::umount(scratch_.path().c_str()); }
  void fill() {
    std::ofstream file(scratch_ / "filler", std::ios::binary);
    for (int i = 0; i < 64 && file; ++i) file << std::string(4096, 'f') << std::flush;
  }
  ScratchDir scratch_;
};

TEST_F(AFullDisk, RefusesTheNewStateAndKeepsTheOldOneWhole) {
  const auto state = StateDir::open(scratch_.path());
  ASSERT_TRUE(state->write_confirmed(desired()));
  fill();
  EXPECT_EQ(state->write_confirmed(desired(1000)).error().code, Errc::kIo);
  EXPECT_EQ(**state->read().confirmed, desired());
  std::filesystem::remove(scratch_ / "filler");
  ASSERT_TRUE(state->write_confirmed(desired(4)));
  EXPECT_EQ(**state->read().confirmed, desired(4));
}

TEST_F(AFullDisk, KeepsTheNewestEventsInMemoryAndWritesThemWhenThereIsRoom) {
  auto spool = EventSpool::open(scratch_ / "events", {.segment_bytes = 8'000, .kept_in_memory = 100}).value();
  const auto event = [](std::uint64_t n) {
    return session::HostEvent{EventSequence{n}, {}, session::ObserverNotice{session::ResourceType::kRoutes, "hold", std::string(200, 'x')}};
  };
  fill();
  for (std::uint64_t n = 1; n <= 250; ++n) spool.append(event(n));
  EXPECT_FALSE(spool.problem().empty());
  EXPECT_EQ(spool.depth() + spool.dropped(), 250U);
  EXPECT_GE(spool.depth(), 100U);
  std::filesystem::remove(scratch_ / "filler");
  spool.append(event(251));
  EXPECT_TRUE(spool.problem().empty());
  const auto oldest = spool.oldest();
  auto reopened = EventSpool::open(scratch_ / "events").value();
  EXPECT_EQ(reopened.next().value, 252U);
  EXPECT_EQ(reopened.oldest(), oldest);
}

TEST(StartsAndChanges, AreReadAsTheyWereWritten) {
  const fixtures::ScratchDir scratch;
  const auto state = StateDir::open(scratch / "state").value();
  EXPECT_EQ(state.read_starts(), StartRecord{});
  const StartRecord record{true, {{"b1", BootTime{Seconds{3}}}, {"b2", BootTime{Seconds{9}}}}, "safe_mode: 3 crashes in 5 minutes"};
  ASSERT_TRUE(state.write_starts(record));
  EXPECT_EQ(state.read_starts(), record);
  const std::vector<AppliedChange> changes{{"b1", BootTime{Seconds{5}}, 40}, {"b2", BootTime{Seconds{6}}, 2}};
  ASSERT_TRUE(state.write_changes(changes));
  EXPECT_EQ(state.read().changes.value(), changes);
  EXPECT_EQ(StateDir::peek(scratch / "state")->changes.value(), changes) << "while the lock is held";
  fixtures::write_bytes(scratch / "state/changes", "broken");
  fixtures::write_bytes(scratch / "state/starts", "broken");
  EXPECT_FALSE(state.read().changes) << "unknown is not empty";
  EXPECT_EQ(state.read_starts(), StartRecord{});
  EXPECT_FALSE(StateDir::peek(scratch / "nowhere"));
}

}  // namespace
}  // namespace ondol::agent
