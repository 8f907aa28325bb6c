// Plans, explanations and histories as people read them: golden text.
#include "collector/cli/render/intent_view.h"

#include <gtest/gtest.h>

#include "collector/cli/commands/moment.h"
#include "collector/cli/render/plan_view.h"
#include "collector/cli/render/text.h"
#include "tests/unit/cli/replies_by_hand.h"

namespace ondol::cli {
namespace {

v1::ConfigReply planned() {
  v1::ConfigReply reply;
  reply.set_hosts_changed(214);
  reply.set_hosts_total(300);
  v1::ConfigPlan& plan = *reply.mutable_plan();
  plan.set_id("aa-bb-cc");
  plan.set_group_count(7);
  plan.set_hosts_unknown(2);
  plan.set_hosts_mass_deleted(1);
  v1::HostGroup& group = *plan.add_groups();
  for (const char* name : {"h1", "h2", "h3", "h4", "h5", "h6"}) group.add_hosts(name);
  group.set_host_count(213);
  v1::SettingEdit& mode = *group.add_settings();
  mode.set_name("mode.routes");
  mode.set_before("report");
  mode.set_after("enforce");
  for (int i = 0; i < 11; ++i) {
    v1::RouteEdit& edit = *group.add_routes();
    edit.set_key("10." + std::to_string(i) + ".0.0/16 table main metric 0");
    if (i < 2) edit.set_before("via 10.0.0.1");
    if (i > 0) edit.set_after("via 10.0.0.2");
  }
  group.set_deleted(1);
  group.set_changed(1);
  group.set_added(9);
  v1::HostEffect& effect = *group.add_effects();
  effect.set_kind(v1::HostEffect::KIND_TAKE_OVER);
  effect.set_key("10.9.0.0/16 table main metric 0");
  effect.set_before("via 10.0.0.9 dev eth0 proto static");
  effect.set_after("via 10.0.0.2");
  effect.add_hosts("h1");
  effect.set_host_count(1);
  group.set_effect_count(1);
  v1::HostGroup& again = *plan.add_groups();
  again.add_hosts("h9");
  again.set_host_count(1);
  again.set_tried_again(true);
  return reply;
}

TEST(Plan, groups_equal_changes_names_deletions_and_take_overs_and_warns) {
  EXPECT_EQ(render_text(config_planned(planned(), false), {}),
            R"(1. 213 hosts: h1, h2, h3, h4, h5 and 208 more
  1 deleted, 1 changed, 9 added, 1 setting
  mode.routes: report -> enforce
  - 10.0.0.0/16 table main metric 0  via 10.0.0.1
  ~ 10.1.0.0/16 table main metric 0  via 10.0.0.1 -> via 10.0.0.2
  + 10.2.0.0/16 table main metric 0  via 10.0.0.2
  + 10.3.0.0/16 table main metric 0  via 10.0.0.2
  + 10.4.0.0/16 table main metric 0  via 10.0.0.2
  + 10.5.0.0/16 table main metric 0  via 10.0.0.2
  + 10.6.0.0/16 table main metric 0  via 10.0.0.2
  + 10.7.0.0/16 table main metric 0  via 10.0.0.2
  + 10.8.0.0/16 table main metric 0  via 10.0.0.2
  + 10.9.0.0/16 table main metric 0  via 10.0.0.2
  and 1 more (-o wide shows them)
  takes over 10.9.0.0/16 table main metric 0  via 10.0.0.9 dev eth0 proto static -> via 10.0.0.2  on h1

2. 1 host: h9
  tried again as it was: refused or undone the last time

this revision changes 214 hosts of 300 in 7 ways
warning: more than 30 % or all of the routes of 1 host are deleted
warning: not wholly known what 2 hosts hold now: what else goes or is taken over there is not named
the 5 rarest ways are not shown
plan aa-bb-cc
)");
  EXPECT_NE(render_text(config_planned(planned(), true), {}).find("h6 and 207 more"), std::string::npos);
}

TEST(Plan, json_has_every_group_with_stable_keys) {
  const Json json = config_planned(planned(), false).json["plan"];
  EXPECT_EQ(json["groups"].size(), 2u);
  EXPECT_EQ(
      json["groups"][0]["routes"][0].dump(),
      R"({"change":"deleted","key":"10.0.0.0/16 table main metric 0","before":"via 10.0.0.1","after":null})");
  EXPECT_EQ(json["groups"][0]["effects"][0]["kind"], "take_over");
  EXPECT_EQ(json["groups"][1]["tried_again"], true);
}

TEST(Plan, of_nothing_says_so_and_one_with_errors_would_be_refused) {
  v1::ConfigReply reply;
  reply.set_hosts_total(1);
  reply.mutable_plan()->set_id("x");
  EXPECT_EQ(render_text(config_planned(reply, false), {}), "this revision changes none of 1 host\nplan x\n");
  reply.add_findings()->set_message("more than 30 %");
  EXPECT_EQ(render_text(config_planned(reply, false), {}),
            "error: more than 30 %\n\nthis revision changes none of 1 host\nit would be refused: see the "
            "error above\n");
  reply.clear_plan();
  EXPECT_EQ(render_text(config_planned(reply, false), {}), "error: more than 30 %\n");
}

TEST(Plan, an_apply_shows_it_before_what_was_stored) {
  v1::ConfigReply reply;
  reply.set_hosts_total(1);
  reply.set_revision("ab12");
  reply.mutable_plan()->set_id("x");
  EXPECT_EQ(render_text(config_applied_with_plan(reply, false), {}),
            "this revision changes none of 1 host\n\nrevision ab12 stored: 0 of 1 hosts change\n");
}

v1::RevisionInfo revision(const std::string& id, const std::string& message) {
  v1::RevisionInfo info;
  info.set_number(2);
  info.set_id(id);
  info.set_author("uid 1000 (kim)");
  info.set_message(message);
  info.set_committed_unix_ns(kTenOClock);
  info.set_counted(true);
  info.set_hosts_changed(3);
  info.set_hosts_total(10);
  return info;
}

v1::Statement statement(const std::string& place, const std::string& value) {
  v1::Statement made;
  made.set_place(place);
  made.set_value(value);
  *made.mutable_since() = revision("ab12cd34ef5678", "card network");
  return made;
}

v1::ExplainConfigReply explained() {
  v1::ExplainConfigReply reply;
  reply.set_host("h1");
  *reply.mutable_revision() = revision("ab12cd34ef5678", "");
  reply.add_layers("layers/global.yaml");
  v1::ExplainedValue& value = *reply.add_values();
  value.set_name("routes.list[10.7.0.0/16 table main metric 0]");
  value.set_value("via 10.0.0.1");
  value.set_in_effect(true);
  *value.mutable_said() = statement("layers/global.yaml:6:7", "via 10.0.0.1");
  value.mutable_said()->set_reason("card network");
  value.mutable_said()->set_written("- { to: 10.7.0.0/16, via: \"{{ gw }}\" }");
  v1::Statement& other = *value.add_elsewhere();
  other.set_place("layers/app/x.yaml:3:5");
  other.set_removes(true);
  other.set_why_not("only for hosts with app=x; the record of h1 says app=y");
  return reply;
}

TEST(Explained, one_key_tells_who_said_it_and_why_another_is_not_in_effect) {
  EXPECT_EQ(render_text(config_explained(explained(), "10.7.0.0/16", kNow), {}), R"(host:      h1
revision:  ab12cd34ef56, 10:00:00 by uid 1000 (kim)
layers:    layers/global.yaml

routes.list[10.7.0.0/16 table main metric 0]
  in effect: via 10.0.0.1
  said by
    layers/global.yaml:6:7  via 10.0.0.1
      as written: - { to: 10.7.0.0/16, via: "{{ gw }}" }
      reason: card network
      since ab12cd34ef56, 10:00:00 by uid 1000 (kim): card network
  also written, not in effect here
    layers/app/x.yaml:3:5  removes it: only for hosts with app=x; the record of h1 says app=y
      since an older revision than was looked at
)");
}

TEST(Explained, without_a_key_is_a_table) {
  EXPECT_EQ(render_text(config_explained(explained(), "", kNow), {}), R"(host:      h1
revision:  ab12cd34ef56, 10:00:00 by uid 1000 (kim)
layers:    layers/global.yaml

KEY                                           VALUE         FROM                    REVISION      AUTHOR          WHEN      REPLACES
routes.list[10.7.0.0/16 table main metric 0]  via 10.0.0.1  layers/global.yaml:6:7  ab12cd34ef56  uid 1000 (kim)  10:00:00  
)");
}

TEST(Explained, json_splits_the_place_into_file_line_and_column) {
  const Json said = config_explained(explained(), "x", kNow).json["values"][0]["said"];
  EXPECT_EQ(said["file"], "layers/global.yaml");
  EXPECT_EQ(said["line"], 6);
  EXPECT_EQ(said["column"], 7);
  EXPECT_EQ(said["since"]["author"], "uid 1000 (kim)");
}

TEST(Explained, a_key_that_nobody_mentions_has_what_is_near_and_a_newer_record_is_said) {
  v1::ExplainConfigReply reply;
  reply.set_host("h1");
  *reply.mutable_revision() = revision("ab12cd34ef5678", "");
  reply.set_record_changed_unix_ns(kTenOClock + kSecond);
  reply.set_record_changed_by("uid 0 (root)");
  reply.add_near("10.0.0.0/8 table main metric 0");
  EXPECT_EQ(render_text(config_explained(reply, "10.7.3.0/24", kNow), {}), R"(host:      h1
revision:  ab12cd34ef56, 10:00:00 by uid 1000 (kim)
layers:    none applies
record:    changed after it, 10:00:01 by uid 0 (root): the layers are those of the record as it is now

nobody mentions '10.7.3.0/24', in no layer
  near: 10.0.0.0/8 table main metric 0
)");
}

TEST(History, names_revision_author_time_hosts_and_message) {
  v1::ListRevisionsReply reply;
  *reply.add_revisions() = revision("ab12cd34ef5678", "card network");
  reply.mutable_revisions(0)->set_current(true);
  reply.mutable_revisions(0)->set_allow_mass_delete(true);
  EXPECT_EQ(
      render_text(config_history(reply, kNow), {}),
      "NUMBER  REVISION      WHEN      AUTHOR          HOSTS    MESSAGE                               STATE\n"
      "2       ab12cd34ef56  10:00:00  uid 1000 (kim)  3 of 10  card network [mass deletion allowed]  "
      "current\n");
}

TEST(Compared, files_line_by_line_and_hosts_in_groups) {
  v1::DiffConfigReply reply;
  *reply.mutable_from() = revision("aa12cd34ef5678", "");
  *reply.mutable_to() = revision("bb12cd34ef5678", "");
  v1::FileDiff& file = *reply.add_files();
  file.set_path("layers/global.yaml");
  file.set_kind(v1::FileDiff::KIND_CHANGED);
  file.set_text("@@ -1,1 +1,1 @@\n-a\n+b\n");
  reply.set_hosts_total(4);
  EXPECT_EQ(render_text(config_compared(reply, false, kNow), {}),
            R"(from:  aa12cd34ef56, 10:00:00 by uid 1000 (kim)
to:    bb12cd34ef56, 10:00:00 by uid 1000 (kim)

changed layers/global.yaml
@@ -1,1 +1,1 @@
-a
+b

0 of 4 hosts differ, in 0 ways, by the record as it is now
)");
}

TEST(Moment, is_a_date_a_time_or_how_long_ago) {
  const auto at = [](std::string_view text) { return unix_ns(parse_moment(text, kNow).value()); };
  EXPECT_EQ(at("2026-11-20"), kTenOClock - 36'000 * kSecond);
  EXPECT_EQ(at("2026-11-20T10:00"), kTenOClock);
  EXPECT_EQ(at("2026-11-20 10:00:00"), kTenOClock);
  EXPECT_EQ(at("2026-11-20T10:00:01.250Z"), kTenOClock + kSecond);
  EXPECT_EQ(at("10m"), kTenOClock);
  EXPECT_EQ(at("1d"), unix_ns(kNow) - 86'400 * kSecond);
  for (const char* text :
       {"", "now", "10", "-5m", "5x", "2026-13-01", "2026-02-30", "2026-11-20T25:00", "2026-11-20X10:00",
        "2026-11-20T10:00+09:00", "99999999999999999999d", "9999999999999d"}) {
    EXPECT_FALSE(parse_moment(text, kNow)) << text;
  }
}

TEST(Moment, a_revision_is_a_word_digits_or_at_and_a_moment) {
  EXPECT_EQ(parse_revision("previous", kNow)->id(), "previous");
  EXPECT_EQ(parse_revision("@10m", kNow)->at_unix_ns(), kTenOClock);
  EXPECT_EQ(parse_revision("", kNow)->id(), "");
  EXPECT_FALSE(parse_revision("@", kNow));
}

}  // namespace
}  // namespace ondol::cli
