#include "collector/cli/render/host_view.h"

#include <gtest/gtest.h>

#include "collector/cli/render/text.h"
#include "tests/unit/cli/replies_by_hand.h"

namespace ondol::cli {
namespace {

TEST(HostView, the_list_shows_state_with_its_reason_and_an_age_beside_every_value) {
  EXPECT_EQ(render_text(host_list({online_host(), unknown_host()}, kNow), {}),
            "HOST        STATE            TROUBLE  SEEN  MODE       GENERATION  ROUTES  MISSING  CHANGED  EXTRA  CONTESTED  OBSERVED\n"
            "pay-web-01  online           blocked  3s    enforce    6 of 7      2000    0        0        2      0          4m\n"
            "h2          silent (no_tcp)  silent   3d    unmanaged  -           ?       ?        ?        ?      ?          never\n");
}

v1::HostSummary host_in(const std::string& name, v1::Trouble trouble, std::int64_t seen) {
  v1::HostSummary host;
  host.mutable_record()->set_name(name);
  host.set_trouble(trouble);
  host.set_last_seen_unix_ns(seen);
  return host;
}

std::string names_by(HostOrder order) {
  std::vector<v1::HostSummary> hosts{
      host_in("a", v1::TROUBLE_OK, 90),           host_in("b", v1::TROUBLE_DRIFT, 90),       host_in("c", v1::TROUBLE_SILENT, 50),
      host_in("d", v1::TROUBLE_SILENT, 20),       host_in("e", v1::TROUBLE_STUCK, 80),       host_in("f", v1::TROUBLE_UNSPECIFIED, 0),
      host_in("g", v1::TROUBLE_NEVER_ENROLLED, 0), host_in("h", v1::TROUBLE_ROLLED_BACK, 70), host_in("i", v1::TROUBLE_OK, 60)};
  sort_hosts(hosts, order);
  std::string names;
  for (const v1::HostSummary& host : hosts) names += host.record().name();
  return names;
}

TEST(HostView, hosts_are_sorted_by_trouble_and_the_longest_silent_is_on_top_of_the_silent_ones) {
  EXPECT_EQ(names_by(HostOrder::kTrouble), "edchfbgai");
}

TEST(HostView, hosts_are_sorted_by_name_or_by_when_they_were_seen_last) {
  EXPECT_EQ(names_by(HostOrder::kName), "abcdefghi");
  EXPECT_EQ(names_by(HostOrder::kLastSeen), "fgdciheab");
}

TEST(HostView, json_names_the_trouble_and_what_to_type_next) {
  const Json json = host_list({host_in("h7", v1::TROUBLE_ROLLED_BACK, 1)}, kNow).json.at(0);
  EXPECT_EQ(json.at("trouble"), "rolled_back");
  EXPECT_EQ(json.at("next"), "ondolctl host history h7");
}

TEST(HostView, what_nobody_observed_is_null_in_json_and_not_zero) {
  const Json json = host_list({unknown_host()}, kNow).json.at(0);
  EXPECT_TRUE(json.at("routes").is_null());
  EXPECT_TRUE(json.at("drift_missing").is_null());
  EXPECT_EQ(json.at("state"), "silent");
  EXPECT_EQ(json.at("silence_reason"), "no_tcp");
  EXPECT_EQ(json.at("last_seen_age_seconds"), 3 * 86'400);
}

TEST(HostView, json_carries_the_four_numbers) {
  const Json json = host_list({online_host()}, kNow).json.at(0).at("numbers").at(0);
  EXPECT_EQ(json.dump(), R"({"type":"routes","offered":7,"received":7,"applied":6,"running":6,"mode":"enforce","blocked":"held"})");
}

v1::ShowHostReply shown_host() {
  v1::ShowHostReply reply;
  *reply.mutable_summary() = online_host();
  reply.mutable_summary()->set_clock_offset_ms(-2'500);
  reply.set_certificate_not_after("2026-11-20T11:00:00.000Z");
  *reply.add_open_drift() = extra_drift();
  v1::GenerationResult* const result = reply.mutable_last_result();
  result->set_generation(6);
  result->set_outcome(v1::GENERATION_OUTCOME_CONFIRMED);
  result->set_added(3);
  result->set_duration_ns(4'200'000);
  v1::ObservedRoute* const route = reply.mutable_routes()->add_routes();
  *route->mutable_key() = wire_key("10.20.0.0/16");
  *route->mutable_value() = wire_value("10.0.0.1", "eth0");
  route->set_protocol(79);
  route->set_ownership(v1::ROUTE_OWNERSHIP_OURS);
  return reply;
}

TEST(HostView, one_host_is_shown_whole) {
  EXPECT_EQ(render_text(host_show(shown_host(), kNow), {}),
            "host:         pay-web-01\n"
            "state:        online\n"
            "seen:         3s\n"
            "observed:     4m\n"
            "routes:       2000\n"
            "drift:        0 missing, 0 changed, 2 extra, 0 contested\n"
            "trouble:      blocked: held\n"
            "next:         on the host: ondol-agent status\n"
            "session:      s1\n"
            "agent:        0.1.0\n"
            "clock:        -2500 ms off the collector's\n"
            "certificate:  until 2026-11-20T11:00:00.000Z\n"
            "last result:  generation 6 confirmed (3 added, 0 replaced, 0 removed in 4.2 ms)\n"
            "\n"
            "record\n"
            "name:     pay-web-01\n"
            "cluster:  seoul-1\n"
            "owner:    김 팀\n"
            "\n"
            "generations\n"
            "TYPE    MODE     OFFERED  RECEIVED  APPLIED  RUNNING  BLOCKED\n"
            "routes  enforce  7        7         6        6        held\n"
            "\n"
            "drift\n"
            "ID  HOST        KEY                               KIND   OUTCOME       CAUSE\n"
            "8   pay-web-02  10.99.0.0/16 table main metric 0  extra  open for 10m  found by comparison\n"
            "\n"
            "routes\n"
            "KEY                               VALUE                  PROTOCOL  OWNER\n"
            "10.20.0.0/16 table main metric 0  via 10.0.0.1 dev eth0  ondol     ours\n");
}

TEST(HostView, an_unknown_observation_says_why) {
  v1::ShowHostReply reply;
  *reply.mutable_summary() = unknown_host();
  reply.set_observation_error("dump interrupted five times");
  const std::string text = render_text(host_show(reply, kNow), {});
  EXPECT_NE(text.find("drift:            never observed\n"), std::string::npos) << text;
  EXPECT_NE(text.find("unknown because:  dump interrupted five times\n"), std::string::npos) << text;
  EXPECT_NE(text.find("certificate:      never enrolled\n"), std::string::npos) << text;
}

TEST(HostView, history_is_one_line_per_event_and_says_what_was_lost) {
  v1::HostHistoryReply reply;
  reply.set_lost_events(4);
  v1::HistoryEntry* const entry = reply.add_entries();
  entry->mutable_event()->set_sequence(9);
  entry->mutable_event()->set_happened_unix_ns(kTenOClock);
  entry->mutable_event()->mutable_route_repair()->set_outcome(v1::REPAIR_OUTCOME_REPAIRED);
  *entry->mutable_event()->mutable_route_repair()->mutable_key() = wire_key("10.20.0.0/16");
  entry->set_text("repaired 10.20.0.0/16 after 0.2 ms");
  const Document document = host_history(reply, kNow);
  EXPECT_EQ(render_text(document, {.headers = false}),
            "4 events of this host were lost before they could be kept\n10:00:00  repaired 10.20.0.0/16 after 0.2 ms\n");
  EXPECT_EQ(document.json.at("events").at(0).at("type"), "route_repair");
  EXPECT_EQ(document.json.at("events").at(0).at("outcome"), "repaired");
  EXPECT_EQ(document.json.at("lost_events"), 4);
}

}  // namespace
}  // namespace ondol::cli
