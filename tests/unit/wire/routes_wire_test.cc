#include "common/wire/routes_wire.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "common/wire/bounds.h"
#include "tests/unit/wire/written.h"

namespace ondol::wire {
namespace {

constexpr std::uint32_t kSeeds = 300;

TEST(RoutesWire, AnyReportComesBackAsItWas) {
  for (std::uint32_t seed = 0; seed < kSeeds; ++seed) {
    Dice dice(seed);
    session::RoutesReport report;
    for (std::uint32_t i = dice.below(20); i > 0; --i) {
      report.snapshot.routes.push_back({{dice.key(), dice.value()}, 4, static_cast<routes::Ownership>(1 + dice.below(3))});
    }
    std::sort(report.snapshot.routes.begin(), report.snapshot.routes.end(),
              [](const auto& a, const auto& b) { return a.route.key < b.route.key; });
    for (std::uint32_t i = dice.below(5); i > 0; --i) report.not_in_sync.push_back(dice.object_state());
    std::sort(report.not_in_sync.begin(), report.not_in_sync.end(), [](const auto& a, const auto& b) { return a.key < b.key; });
    report.snapshot.counted = {{2, 10}, {12, dice.below(100000)}};
    report.snapshot.policy_rules = dice.below(10);
    report.snapshot.truncated = dice.coin();
    report.snapshot.compared = dice.below(100000);
    const std::string bytes = encode(report);
    const auto back = decode_routes_report(bytes);
    ASSERT_TRUE(back) << seed << ": " << render(back.error());
    EXPECT_EQ(*back, report) << seed;
    EXPECT_EQ(encode(*back), bytes) << "equal values must give equal bytes";
  }
}

TEST(RoutesWire, AnyDesiredStateComesBackAsItWas) {
  for (std::uint32_t seed = 0; seed < kSeeds; ++seed) {
    Dice dice(seed);
    DesiredState state{Generation{seed}, Revision{"0123abc"}, std::nullopt, dice.coin()};
    if (dice.coin()) {
      state.routes.emplace();
      const std::uint32_t count = dice.below(20);
      for (std::uint32_t i = 0; i < count; ++i) state.routes->routes.push_back({route_number(i).key, dice.value()});
      state.routes->unlisted = static_cast<routes::Unlisted>(1 + dice.below(3));
      state.routes->on_conflict = static_cast<routes::OnConflict>(1 + dice.below(2));
      state.routes->mode = static_cast<Mode>(1 + dice.below(2));
      state.routes->ignore = {{"cali*", 0}, {"", 80}};
    }
    const auto back = decode_desired_state(encode(state));
    ASSERT_TRUE(back) << seed << ": " << render(back.error());
    EXPECT_EQ(*back, state) << seed;
  }
}

TEST(RoutesWire, UnmodelledAttributesAreObservedOnly) {
  Dice dice(7);
  session::RoutesReport report;
  report.snapshot.routes.push_back({{dice.key(), dice.value()}, 4, routes::Ownership::kForeign});
  routes::RouteValue& value = report.snapshot.routes[0].route.value;
  for (const std::string& text : {std::string("0b01010101"), std::string(256, 'a')}) {
    value.unmodelled = text;
    const auto back = decode_routes_report(encode(report));
    ASSERT_TRUE(back) << render(back.error());
    EXPECT_EQ(*back, report);
  }
  value.unmodelled = "not hexadecimal";
  EXPECT_FALSE(decode_routes_report(encode(report)));
  DesiredState state{Generation{1}, Revision{"a"}, std::nullopt, false};
  state.routes.emplace().routes.push_back({route_number(1).key, dice.value()});
  EXPECT_TRUE(decode_desired_state(encode(state)));
  state.routes->routes[0].value.unmodelled = "0b01010101";
  EXPECT_FALSE(decode_desired_state(encode(state)));
}

TEST(RoutesWire, UnmanagedAndManagedButEmptyAreTwoThings) {
  DesiredState unmanaged{Generation{1}, Revision{"a"}, std::nullopt, false};
  DesiredState empty = unmanaged;
  empty.routes.emplace();
  EXPECT_FALSE(decode_desired_state(encode(unmanaged))->routes.has_value());
  EXPECT_TRUE(decode_desired_state(encode(empty))->routes.has_value());
}

TEST(RoutesWire, AnyEventComesBackAsItWas) {
  for (std::uint32_t seed = 0; seed < kSeeds; ++seed) {
    const session::HostEvent event = Dice(seed).event(seed + 1);
    const auto back = decode_host_event(encode(event));
    ASSERT_TRUE(back) << seed << ": " << render(back.error());
    EXPECT_EQ(*back, event) << seed;
  }
}

TEST(RoutesWire, FortyThousandRoutesFitAndOneMoreIsALimit) {
  const auto most = desired_of(40'000);
  EXPECT_EQ(decode_desired_state(encode(most)), most);
  const auto more = decode_desired_state(encode(desired_of(40'001)));
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().code, Errc::kLimit);
}

TEST(RoutesWire, AReportBeyondTheLimitGoesOutTruncatedAndSaysSo) {
  const auto back = decode_routes_report(encode(report_of(40'010)));
  ASSERT_TRUE(back) << render(back.error());
  EXPECT_EQ(back->snapshot.routes.size(), 40'000u);
  EXPECT_TRUE(back->snapshot.truncated);
  EXPECT_EQ(back->snapshot.compared, 40'010u);
}

// Every way one field can be wrong, on an otherwise good desired route.
template <typename Break>
Result<DesiredState> broken(Break what) {
  v1::DesiredState state = to_wire(desired_of(2));
  what(*state.mutable_routes());
  return from_wire(state);
}

TEST(RoutesWire, AWrongKeyIsAnError) {
  const auto key = [](auto change) {
    return broken([change](v1::RoutesIntent& intent) { change(*intent.mutable_routes(0)->mutable_key()); }).has_value();
  };
  EXPECT_TRUE(key([](v1::RouteKey&) {}));
  EXPECT_FALSE(key([](v1::RouteKey& k) { k.set_table(0); }));
  EXPECT_FALSE(key([](v1::RouteKey& k) { k.set_destination("abc"); }));
  EXPECT_FALSE(key([](v1::RouteKey& k) { k.set_destination_length(33); }));
  EXPECT_FALSE(key([](v1::RouteKey& k) { k.set_destination(std::string("\x0a\x00\x00\x01", 4)), k.set_destination_length(8); }));
  EXPECT_FALSE(key([](v1::RouteKey& k) { k.set_family(v1::ADDRESS_FAMILY_IPV6); }));
  EXPECT_FALSE(key([](v1::RouteKey& k) { k.set_family(v1::ADDRESS_FAMILY_UNSPECIFIED); }));
  EXPECT_FALSE(key([](v1::RouteKey& k) { k.set_source(std::string(16, '\0')); }));
  EXPECT_FALSE(key([](v1::RouteKey& k) { k.set_source_length(3); }));
}

TEST(RoutesWire, AWrongValueIsAnError) {
  const auto value = [](auto change) {
    return broken([change](v1::RoutesIntent& intent) { change(*intent.mutable_routes(0)->mutable_value()); }).has_value();
  };
  EXPECT_TRUE(value([](v1::RouteValue&) {}));
  EXPECT_FALSE(value([](v1::RouteValue& v) { v.set_type(v1::ROUTE_TYPE_UNSPECIFIED); }));
  EXPECT_FALSE(value([](v1::RouteValue& v) { v.set_type(static_cast<v1::RouteType>(99)); }));
  EXPECT_FALSE(value([](v1::RouteValue& v) { v.set_preferred_source("12345"); }));
  EXPECT_FALSE(value([](v1::RouteValue& v) { v.set_scope(256); }));
  EXPECT_FALSE(value([](v1::RouteValue& v) { v.mutable_nexthops(0)->set_gateway("12345"); }));
  EXPECT_FALSE(value([](v1::RouteValue& v) { v.mutable_nexthops(0)->set_interface("sixteen-bytes-xx"); }));
  EXPECT_FALSE(value([](v1::RouteValue& v) { v.mutable_nexthops(0)->set_interface(std::string("a\0b", 3)); }));
  EXPECT_FALSE(value([](v1::RouteValue& v) { v.mutable_nexthops(0)->set_weight(257); }));
  EXPECT_FALSE(value([](v1::RouteValue& v) { v.mutable_nexthops(0)->set_encapsulation(std::string(513, 'a')); }));
  EXPECT_FALSE(value([](v1::RouteValue& v) {
    while (v.nexthops_size() < 65) v.add_nexthops();
  }));
}

TEST(RoutesWire, AWrongPolicyIsAnErrorAndNeverADefault) {
  EXPECT_FALSE(broken([](v1::RoutesIntent& i) { i.set_unlisted(v1::UNLISTED_POLICY_UNSPECIFIED); }));
  EXPECT_FALSE(broken([](v1::RoutesIntent& i) { i.set_conflict(static_cast<v1::ConflictPolicy>(7)); }));
  EXPECT_FALSE(broken([](v1::RoutesIntent& i) { i.set_mode(v1::MODE_UNSPECIFIED); }));
  EXPECT_FALSE(broken([](v1::RoutesIntent& i) { i.add_ignore()->set_protocol(256); }));
  EXPECT_FALSE(broken([](v1::RoutesIntent& i) { i.add_ignore()->set_interface(std::string(65, 'a')); }));
  EXPECT_FALSE(broken([](v1::RoutesIntent& i) {
    for (int n = 0; n < 257; ++n) i.add_ignore();
  }));
}

TEST(RoutesWire, UnsortedOrDoubledDesiredKeysAreErrors) {
  EXPECT_FALSE(broken([](v1::RoutesIntent& i) { i.mutable_routes()->SwapElements(0, 1); }));
  EXPECT_FALSE(broken([](v1::RoutesIntent& i) { *i.mutable_routes(1) = i.routes(0); }));
}

TEST(RoutesWire, AnUnsortedReportIsAnErrorButTwoRoutesMayShareAKey) {
  v1::RoutesValue value = to_wire(report_of(2));
  *value.mutable_routes(1) = value.routes(0);
  EXPECT_TRUE(from_wire(value));
  value = to_wire(report_of(2));
  value.mutable_routes()->SwapElements(0, 1);
  EXPECT_FALSE(from_wire(value));
}

TEST(RoutesWire, UnknownEnumsInAReportAreErrors) {
  v1::RoutesValue value = to_wire(report_of(1));
  value.mutable_routes(0)->set_ownership(static_cast<v1::RouteOwnership>(9));
  EXPECT_FALSE(from_wire(value));
  value = to_wire(report_of(1));
  value.mutable_routes(0)->set_protocol(256);
  EXPECT_FALSE(from_wire(value));
  value = to_wire(report_of(1));
  *value.add_not_in_sync()->mutable_key() = value.routes(0).key();
  EXPECT_FALSE(from_wire(value)) << "a state of number 0";
}

TEST(RoutesWire, UnknownEventKindsAndEnumsAreErrors) {
  const v1::HostEvent good = to_wire(session::HostEvent{EventSequence{1}, {}, session::ObserverNotice{{}, "hold", ""}});
  v1::HostEvent none = good;
  none.clear_notice();
  EXPECT_FALSE(from_wire(none));
  v1::HostEvent unnumbered = good;
  unnumbered.set_sequence(0);
  EXPECT_FALSE(from_wire(unnumbered));
  v1::HostEvent early = good;
  early.set_happened_unix_ns(-1);
  EXPECT_FALSE(from_wire(early));
  v1::HostEvent change = good;
  *change.mutable_route_change()->mutable_key() = to_wire(route_number(1).key);
  EXPECT_FALSE(from_wire(change)) << "a change of kind 0";
  change.mutable_route_change()->set_kind(v1::CHANGE_KIND_ADDED);
  EXPECT_TRUE(from_wire(change));
  v1::HostEvent repair = good;
  *repair.mutable_route_repair()->mutable_key() = to_wire(route_number(1).key);
  repair.mutable_route_repair()->set_outcome(static_cast<v1::RepairOutcome>(77));
  EXPECT_FALSE(from_wire(repair));
}

TEST(RoutesWire, TextsThatAreNoUtf8GoOutEscapedAndCut) {
  Author author;
  author.command = std::string("ip\xff route \xed\xa0\x80 ") + std::string(600, 'x');
  const auto back = from_wire(to_wire(author));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->command->substr(0, 25), "ip\\xff route \\xed\\xa0\\x80");
  EXPECT_EQ(back->command->size(), 512u);
}

TEST(RoutesWire, ACutNeverSplitsACharacter) {
  EXPECT_EQ(bounded_text("ab\xed\x95\x9c", 4), "ab");
  EXPECT_EQ(bounded_text("ab\xed\x95\x9c", 5), "ab\xed\x95\x9c");
  EXPECT_EQ(bounded_text("\xff\xff", 7), "\\xff");
}

TEST(RoutesWire, OverlongTextsFromAPeerAreErrors) {
  v1::Author author;
  author.set_command(std::string(513, 'a'));
  EXPECT_FALSE(from_wire(author));
  v1::RouteObjectState state;
  *state.mutable_key() = to_wire(route_number(1).key);
  state.set_state(v1::ROUTE_STATE_MISSING);
  EXPECT_TRUE(from_wire(state));
  state.set_reason(std::string(257, 'a'));
  EXPECT_FALSE(from_wire(state));
}

TEST(RoutesWire, ATruncatedValueIsNeverTakenForASmallerOne) {
  // A cut between two fields is well-formed protobuf: only the digest of the chunks can tell. Inside one it is an error.
  const auto report = report_of(3);
  const std::string bytes = encode(report);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const auto back = decode_routes_report(std::string_view(bytes).substr(0, size));
    EXPECT_FALSE(back && *back == report) << size;
  }
}

}  // namespace
}  // namespace ondol::wire
