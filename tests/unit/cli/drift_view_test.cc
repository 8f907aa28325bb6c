#include "collector/cli/render/drift_view.h"

#include <gtest/gtest.h>

#include "collector/cli/render/text.h"
#include "tests/unit/cli/replies_by_hand.h"

namespace ondol::cli {
namespace {

TEST(DriftView, a_line_says_what_how_it_ended_and_who_did_it) {
  EXPECT_EQ(drift_line(repaired_drift(), kNow),
            "pay-web-01  10.20.0.0/16 table main metric 0  missing  repaired in 0.2 ms  removed by "
            "`ip route del 10.20.0.0/16` (pid 4121, user kim, session 12, from 10.0.0.5) at 10:02:11");
}

TEST(DriftView, the_list_reads_the_same_in_a_table) {
  v1::ListDriftReply reply;
  *reply.add_drifts() = repaired_drift();
  *reply.add_drifts() = extra_drift();
  EXPECT_EQ(render_text(drift_list(reply, kNow), {}),
            "ID  HOST        KEY                               KIND     OUTCOME             CAUSE\n"
            "7   pay-web-01  10.20.0.0/16 table main metric 0  missing  repaired in 0.2 ms  removed by "
            "`ip route del 10.20.0.0/16` (pid 4121, user kim, session 12, from 10.0.0.5) at 10:02:11\n"
            "8   pay-web-02  10.99.0.0/16 table main metric 0  extra    open for 10m        found by comparison\n");
}

TEST(DriftView, wide_adds_both_values_and_the_count) {
  v1::ListDriftReply reply;
  *reply.add_drifts() = extra_drift();
  EXPECT_EQ(render_text(drift_list(reply, kNow), {.wide = true, .headers = false}),
            "8  pay-web-02  10.99.0.0/16 table main metric 0  extra  open for 10m  10m  found by comparison  -  3  -  "
            "via 10.0.0.9 dev eth0\n");
}

TEST(DriftView, an_author_that_was_gone_is_named_by_pid_and_never_guessed) {
  v1::Drift drift = repaired_drift();
  drift.mutable_author()->Clear();
  drift.mutable_author()->set_pid(4121);
  EXPECT_EQ(cause_text(drift, kNow), "removed by unknown process (pid 4121) at 10:02:11");
  drift.clear_author();
  EXPECT_EQ(cause_text(drift, kNow), "removed by unknown process at 10:02:11");
}

TEST(DriftView, the_verb_follows_the_kind) {
  v1::Drift drift = repaired_drift();
  drift.set_kind(v1::DRIFT_KIND_EXTRA);
  EXPECT_EQ(cause_text(drift, kNow).substr(0, 9), "added by ");
  drift.set_kind(v1::DRIFT_KIND_CHANGED);
  EXPECT_EQ(cause_text(drift, kNow).substr(0, 12), "replaced by ");
}

TEST(DriftView, the_event_knows_better_than_the_kind_and_a_silent_loss_accuses_nobody) {
  v1::Drift drift = repaired_drift();
  drift.set_change(v1::CHANGE_KIND_REPLACED);
  EXPECT_EQ(cause_text(drift, kNow).substr(0, 12), "replaced by ");
  drift.set_change(v1::CHANGE_KIND_VANISHED);
  drift.clear_author();
  EXPECT_EQ(cause_text(drift, kNow), "vanished at 10:02:11");
}

TEST(DriftView, an_open_difference_says_why_it_is_still_open) {
  v1::Drift drift = extra_drift();
  drift.set_state(v1::ROUTE_STATE_WAITING);
  drift.set_reason("eth1 down");
  EXPECT_EQ(outcome_text(drift, kNow), "waiting: eth1 down");
  drift.set_state(v1::ROUTE_STATE_CONTESTED);
  drift.set_reason("keepalived writes it back");
  EXPECT_EQ(outcome_text(drift, kNow), "contested: keepalived writes it back");
  drift.set_state(v1::ROUTE_STATE_UNSPECIFIED);
  drift.set_reason("held");
  EXPECT_EQ(outcome_text(drift, kNow), "open for 10m: held");
}

TEST(DriftView, a_hostile_command_line_cannot_reach_the_terminal) {
  v1::Drift drift = repaired_drift();
  drift.mutable_author()->set_command("ip \x1b[2J\nroute");
  EXPECT_NE(drift_line(drift, kNow).find("`ip \\x1b[2J\\x0aroute`"), std::string::npos);
}

TEST(DriftView, json_keys_are_stable_and_unknown_fields_are_null) {
  EXPECT_EQ(render_json(drift_json(repaired_drift(), kNow)), R"({
  "id": 7,
  "host": "pay-web-01",
  "type": "routes",
  "key": {
    "family": "ipv4",
    "table": 254,
    "destination": "10.20.0.0/16",
    "metric": 0,
    "source": null
  },
  "key_text": "10.20.0.0/16 table main metric 0",
  "kind": "missing",
  "state": "missing",
  "outcome": "repaired",
  "reason": null,
  "opened_at": "2026-11-20T10:02:11.000Z",
  "closed_at": "2026-11-20T10:02:11.000Z",
  "happened_at": "2026-11-20T10:02:11.000Z",
  "age_seconds": 469,
  "change": null,
  "count": 1,
  "repair_latency_ns": 200000,
  "author": {
    "pid": 4121,
    "comm": "ip",
    "command": "ip route del 10.20.0.0/16",
    "unit": null,
    "session": 12,
    "user": "kim",
    "ssh_from": "10.0.0.5"
  },
  "desired": {
    "type": "unicast",
    "nexthops": [
      {
        "gateway": "10.0.0.1",
        "interface": null,
        "weight": 1,
        "onlink": false,
        "encapsulation": null
      }
    ],
    "preferred_source": null,
    "mtu": null,
    "scope": null
  },
  "observed": null,
  "text": null
}
)");
}

TEST(DriftView, an_absent_author_is_an_object_of_nulls) {
  const Json author = drift_json(extra_drift(), kNow).at("author");
  EXPECT_EQ(author.size(), 7U);
  for (const auto& field : author.items()) EXPECT_TRUE(field.value().is_null()) << field.key();
}

TEST(DriftView, a_key_that_cannot_be_read_is_shown_as_such) {
  v1::Drift drift = extra_drift();
  drift.mutable_key()->set_destination("xyz");
  EXPECT_EQ(drift_line(drift, kNow).find("pay-web-02  unreadable: "), 0U);
  EXPECT_TRUE(drift_json(drift, kNow).at("key").is_null());
}

}  // namespace
}  // namespace ondol::cli
