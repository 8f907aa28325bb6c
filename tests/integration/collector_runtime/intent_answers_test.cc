// Plans, rollbacks and questions about intent, against a real desk, core and store.
#include "collector/runtime/intent_answers.h"

#include <gtest/gtest.h>

#include "collector/runtime/change_desk.h"
#include "tests/integration/collector_runtime/running_collector.h"

namespace ondol::collector {
namespace {

using Files = std::vector<std::pair<std::string, std::string>>;

std::string layer(const std::string& routes, const std::string& more = "") {
  return more + "routes: { list: [ " + routes + " ] }\n";
}
const std::string kA = "{ to: 10.1.0.0/16, via: 10.0.0.1 }";
const std::string kB = "{ to: 10.2.0.0/16, via: 10.0.0.1 }";
const std::string kEnforce = "mode: { routes: enforce }\n";

struct Answers : ::testing::Test {
  RunningCollector c;
  ChangeDesk desk{{*c.store, c.writer, c.runtime, sha256_of("ca")}};
  IntentAnswers answers{*c.store};

  static ConfigChange change_of(const Files& files, bool with_plan = false) {
    ConfigChange change;
    for (const auto& [path, content] : files) change.files.push_back({"layers/" + path + ".yaml", content});
    change.with_plan = with_plan;
    return change;
  }
  ConfigVerdict apply(const Files& files, const std::string& message,
                      const std::string& actor = "uid 1000 (kim)") {
    ConfigChange change = change_of(files);
    change.message = message;
    const auto verdict = desk.apply_config(change, actor);
    EXPECT_TRUE(verdict) << render(verdict.error());
    return verdict.value_or(ConfigVerdict{});
  }
  ConfigVerdict planned(const Files& files, bool allow_mass_delete = false) {
    ConfigChange change = change_of(files, true);
    change.allow_mass_delete = allow_mass_delete;
    const auto verdict = desk.check_config(change);
    EXPECT_TRUE(verdict) << render(verdict.error());
    return verdict.value_or(ConfigVerdict{});
  }
  void import(const std::string& lines) {
    const auto verdict =
        desk.import_cmdb("name,cluster,phase,app_type,app_group,app,service_code,owner,rack,labels\n" + lines,
                         false, "uid 0 (root)");
    ASSERT_TRUE(verdict);
    ASSERT_TRUE(verdict->errors.empty());
  }
  static std::string told(const std::vector<intent::ChangeGroup>& groups) {
    std::string text;
    for (const auto& group : groups) {
      for (const HostId& host : group.hosts) text += host.value + " ";
      for (const auto& edit : group.change->settings)
        text += "| " + edit.name + " " + edit.before + "->" + edit.after + " ";
      for (const auto& edit : group.change->routes)
        text += std::string("| ") +
                (!edit.after   ? "-"
                 : edit.before ? "~"
                               : "+") +
                render(edit.key.destination) + " ";
      for (const auto& [effect, hosts] : group.effects) {
        text += "| " + std::to_string(static_cast<int>(effect.kind)) + " " + effect.before + " on " +
                std::to_string(hosts.size()) + " ";
      }
      text += "\n";
    }
    return text;
  }
};

TEST_F(Answers, APlanGroupsEqualChangesAndStoresNothing) {
  import("h1,,,,,a,,,,\nh2,,,,,a,,,,\nh3,,,,,b,,,,\n");
  apply({{"global", layer(kA)}, {"app/a", layer("")}, {"app/b", layer("")}}, "first");
  const ConfigVerdict plan = planned(
      {{"global", layer(kA)}, {"app/a", layer(kB)}, {"app/b", layer("{ to: 10.1.0.0/16, remove: true }")}});
  EXPECT_EQ(told(plan.plan->groups), "h1 h2 | +10.2.0.0/16 \nh3 | -10.1.0.0/16 \n");
  EXPECT_EQ(plan.hosts_changed, 3u);
  EXPECT_EQ(c.store->read_commits(9)->size(), 1u);
  EXPECT_EQ(c.store->read_desired(HostId{"h1"}).value()->generation, Generation{1});
}

TEST_F(Answers, OnlyTheFilesThatDifferAndTheirHostsAreLookedAtAgain) {
  import("h1,,,,,a,,,,\nh2,,,,,b,,,,\n");
  const Files files{{"global", layer(kA)}, {"app/a", layer("")}, {"app/b", layer("")}};
  apply(files, "first");
  const auto records = c.store->read_records().value();
  FleetResolver resolver;
  std::vector<std::string> wanted;
  const auto resolve = [&](const Files& some) {
    store::RevisionRow row;
    row.files = change_of(some).files;
    wanted.clear();
    return resolver.resolve(row, records, [&](const HostId& host, const Sha256&, bool) {
      wanted.push_back(host.value);
      return true;
    });
  };
  EXPECT_EQ(resolve(files).hosts.size(), 2u);
  EXPECT_EQ(resolver.resolved_anew(), 2u);
  const auto same = resolve(files);
  EXPECT_EQ(resolver.resolved_anew(), 0u);
  ASSERT_EQ(same.hosts.size(), 2u);
  const auto other = resolve({files[0], files[1], {"app/b", layer(kB)}});
  EXPECT_EQ(resolver.resolved_anew(), 1u);
  EXPECT_EQ(other.hosts[0].digest, same.hosts[0].digest);
  EXPECT_EQ(other.hosts[1].resolved->state.routes->routes.size(), 2u);
  resolve({files[0], files[1]});
  EXPECT_EQ(resolver.resolved_anew(), 1u) << "its layer file is gone";
  resolve({{"global", layer(kB)}, files[1]});
  EXPECT_EQ(resolver.resolved_anew(), 2u);
}

TEST_F(Answers, WhatIsRememberedIsWhatAFreshStartWouldFind) {
  import("h1,,,,,a,,,,\nh2,,live,,,b,,,,\nh3,,,,,nowhere,,,,\n");
  const auto records = c.store->read_records().value();
  const Files versions[] = {
      {{"global", layer(kA)}, {"app/a", layer("")}},
      {{"global", layer(kA)}, {"app/a", layer(kB)}, {"app/b", layer("", "oops: 1\n")}},
      {{"global", layer(kA)}, {"app/a", layer(kB)}, {"app/b", layer("")}, {"phase/live", layer(kB)}},
      {{"app/a", layer(kB)}, {"app/nowhre", layer(kB)}},
      {{"global", layer(kB)}, {"app/a", layer("{ to: 10.1.0.0/16, remove: true }")}},
      {{"global", layer(kA)}, {"app/a", layer("{ to: 10.1.0.0/16, remove: true }")}, {"bad/x", ""}}};
  FleetResolver resolver;
  const auto every = [](const HostId&, const Sha256&, bool) { return true; };
  for (int round = 0; round < 36; ++round) {
    store::RevisionRow row;
    row.files = change_of(versions[(round * 7 + round / 6) % 6]).files;
    const FleetIntent kept = resolver.resolve(row, records, every);
    const FleetIntent fresh = FleetResolver().resolve(row, records, every);
    EXPECT_EQ(kept.findings, fresh.findings) << round;
    ASSERT_EQ(kept.hosts.size(), fresh.hosts.size()) << round;
    for (std::size_t i = 0; i < fresh.hosts.size(); ++i) {
      EXPECT_EQ(kept.hosts[i].host, fresh.hosts[i].host);
      EXPECT_EQ(kept.hosts[i].digest, fresh.hosts[i].digest) << round;
      EXPECT_EQ(kept.hosts[i].resolved->state, fresh.hosts[i].resolved->state) << round;
    }
  }
}

TEST_F(Answers, TakeOversAreNamedByWhatTheHostReportedAndAnUnknownHostIsCounted) {
  import("h2,,,,,,,,,\n");
  c.enrol("h1");
  const ConnectionId id = c.connect("h1");
  session::ValueReport value = value_of_routes({"10.1.0.0/16 via 10.0.0.9 proto 4"});
  ASSERT_FALSE(value.routes.snapshot.routes.empty());
  c.say(id, value);
  ASSERT_TRUE(c.shard.wait_for<session::ValueAck>(id));
  const ConfigVerdict plan =
      planned({{"global", kEnforce + "routes: { conflict: take_over, list: [ " + kA + " ] }\n"}});
  EXPECT_NE(told(plan.plan->groups).find("| 1 via 10.0.0.9 proto static on 1"), std::string::npos)
      << told(plan.plan->groups);
  EXPECT_EQ(plan.plan->hosts_unknown, 1u);
}

TEST_F(Answers, AMassDeletionIsPlannedWithItsHostsAndRefusedUnlessItIsMeant) {
  import("h1,,,,,,,,,\n");
  std::string ten;
  for (int i = 0; i < 10; ++i)
    ten += (i == 0 ? "" : ", ") + ("{ to: 10." + std::to_string(i) + ".0.0/16, via: 10.0.0.1 }");
  apply({{"global", layer(ten)}}, "ten");
  const ConfigVerdict refused = planned({{"global", layer(kA)}});
  EXPECT_EQ(refused.findings.back().severity, intent::Severity::kError);
  EXPECT_EQ(refused.plan->mass_deleted, std::vector{HostId{"h1"}});
  EXPECT_EQ(refused.plan->groups.front().change->routes.size(), 9u);
  const ConfigVerdict meant = planned({{"global", layer(kA)}}, true);
  EXPECT_TRUE(std::none_of(meant.findings.begin(), meant.findings.end(),
                           [](const auto& f) { return f.severity == intent::Severity::kError; }));
  EXPECT_EQ(meant.plan->mass_deleted.size(), 1u);
}

TEST_F(Answers, AnApplyBoundToAPlanIsRefusedWhenRevisionRecordOrLayersChanged) {
  import("h1,,,,,,,,,\n");
  const Files files{{"global", layer(kA)}};
  const std::string id = planned(files).plan->id;
  const auto try_apply = [&](const Files& some, const std::string& bound_to) {
    ConfigChange change = change_of(some);
    change.bound_to = bound_to;
    const auto verdict = desk.apply_config(change, "uid 0 (root)");
    return verdict ? "" : verdict.error().message;
  };
  EXPECT_EQ(try_apply({{"global", layer(kB)}}, id),
            "the plan is stale: these are not the layers that were planned");
  import("h1,,,,,a,,,,\n");
  EXPECT_EQ(try_apply(files, id), "the plan is stale: the record has changed");
  import("h1,,,,,,,kim,,\n");
  const ConfigVerdict other = apply({{"global", layer(kB)}}, "between");
  EXPECT_EQ(try_apply(files, id),
            "the plan is stale: revision " + other.revision.value.substr(0, 12) + " is current now");
  EXPECT_EQ(try_apply(files, "nonsense"), "that is not the id of a plan");
  EXPECT_EQ(try_apply(files, planned(files).plan->id), "");
}

TEST_F(Answers, ARollbackIsANewCommitWithHigherGenerationsAndItsOwnAuditRecord) {
  import("h1,,,,,,,,,\n");
  const ConfigVerdict first = apply({{"global", layer(kA)}}, "first");
  apply({{"global", layer(kB)}}, "second");
  ConfigChange why;
  why.message = "oops";
  EXPECT_EQ(told(desk.check_rollback({first.revision},
                                     [&] {
                                       auto w = why;
                                       w.with_plan = true;
                                       return w;
                                     }())
                     ->plan->groups),
            "h1 | -10.2.0.0/16 | +10.1.0.0/16 \n");
  EXPECT_EQ(c.store->read_commits(9)->size(), 2u);
  const auto back = desk.rollback_config({first.revision}, why, "uid 1000 (kim)");
  ASSERT_TRUE(back);
  EXPECT_EQ(back->revision, first.revision);
  const auto state = read_desired_state(*c.store, HostId{"h1"}).value();
  EXPECT_EQ(state->generation, Generation{3});
  EXPECT_EQ(render(state->routes->routes.at(0).key.destination), "10.1.0.0/16");
  const store::AuditRow audit = c.store->read_audit(1).value().at(0);
  EXPECT_EQ(audit.action, "config.rollback");
  EXPECT_EQ(audit.detail, "back to " + first.revision.value.substr(0, 12) + ", 1 of 1 hosts change: oops");
  const auto commits = c.store->read_commits(9).value();
  ASSERT_EQ(commits.size(), 3u);
  EXPECT_EQ(commits[0].message, "oops");
  EXPECT_EQ(commits[0].hosts_changed, 1u);
  EXPECT_EQ(commits[2].message, "first") << "what was said then is still known";
  EXPECT_EQ(desk.rollback_config({Revision{"none"}}, why, "x").error().code, Errc::kNotFound);
}

TEST_F(Answers, PreviousIsAnotherRevisionAlsoWhenTheCurrentOneWasCommittedTwice) {
  import("h1,,,,,,,,,\n");
  const auto first = apply({{"global", layer(kA)}}, "first");
  EXPECT_EQ(answers.find_target({"previous", std::nullopt}).error().code, Errc::kNotFound);
  const auto second = apply({{"global", layer(kB)}}, "second");
  const auto commits = c.store->read_commits(9).value();
  store::RevisionRow again = c.store->read_revision(second.revision).value().value();
  again.committed = commits.front().committed + Nanoseconds{1};
  ASSERT_TRUE(c.writer.submit_and_wait({store::PutRevision{again, 0, 2}}));
  ASSERT_EQ(c.store->read_commits(9)->size(), 3u);
  const auto target = answers.find_target({"previous", std::nullopt});
  ASSERT_TRUE(target);
  EXPECT_EQ(target->revision, first.revision);
  EXPECT_EQ(target->current, 3u);
}

TEST_F(Answers, ARollbackIsRefusedToTheCurrentRevisionAndWhenAnotherCommitCameBetween) {
  import("h1,,,,,,,,,\n");
  const auto first = apply({{"global", layer(kA)}}, "first");
  const auto second = apply({{"global", layer(kB)}}, "second");
  const auto is_current = desk.rollback_config({second.revision}, {}, "x");
  ASSERT_FALSE(is_current);
  EXPECT_EQ(is_current.error().message,
            "revision " + second.revision.value.substr(0, 12) + " is current already");
  const auto target = answers.find_target({"previous", std::nullopt}).value();
  apply({{"global", layer(kA + ", " + kB)}}, "between");
  const auto moved = desk.rollback_config(target, {}, "x");
  ASSERT_FALSE(moved);
  EXPECT_EQ(moved.error().code, Errc::kConflict);
  EXPECT_EQ(desk.check_rollback(target, {}).error().code, Errc::kConflict);
  EXPECT_EQ(c.store->read_commits(9)->size(), 3u) << "nothing was stored";
  ConfigChange look;
  look.with_plan = true;
  ConfigChange bound;
  bound.bound_to = desk.check_rollback({first.revision}, look)->plan->id;
  EXPECT_EQ(desk.rollback_config({second.revision}, bound, "x").error().code, Errc::kConflict);
  const auto back = desk.rollback_config({first.revision}, bound, "x");
  ASSERT_TRUE(back) << render(back.error());
  EXPECT_EQ(back->revision, first.revision);
  EXPECT_FALSE(back->plan) << "what hosts reported was not asked for";
}

TEST_F(Answers, AReportThatIsCutOrCannotBeReadIsAnUnknownHostAndNoFailure) {
  import("h1,,,,,,,,,\n");
  c.enrol("h1");
  const ConnectionId id = c.connect("h1");
  session::ValueReport value = value_of_routes({"10.1.0.0/16 via 10.0.0.9 proto 4"});
  value.routes.snapshot.truncated = true;
  value.payload = wire::encode(value.routes);
  value.digest = digest_of(value.payload);
  c.say(id, value);
  ASSERT_TRUE(c.shard.wait_for<session::ValueAck>(id));
  const Files files{{"global", kEnforce + "routes: { conflict: take_over, list: [ " + kA + " ] }\n"}};
  const ConfigVerdict cut = planned(files);
  EXPECT_EQ(cut.plan->hosts_unknown, 1u) << "a table that was cut does not say all";
  EXPECT_EQ(cut.plan->groups.front().effects.size(), 1u);
  auto row = c.store->read_observed(HostId{"h1"}, session::ResourceType::kRoutes).value().value();
  row.payload = "broken";
  ASSERT_TRUE(c.writer.submit_and_wait({store::PutObserved{row}}));
  const ConfigVerdict broken = planned(files);
  ASSERT_TRUE(broken.plan);
  EXPECT_EQ(broken.plan->hosts_unknown, 1u);
}

TEST_F(Answers, AHostThatHoldsMoreThanTheLayersBeforeSaidIsWarnedOfAsAMassDeletion) {
  import("h1,,,,,,,,,\n");
  c.enrol("h1");
  const ConnectionId id = c.connect("h1");
  c.say(id, value_of_routes({"10.1.0.0/16 via 10.0.0.9 proto 4"}));
  ASSERT_TRUE(c.shard.wait_for<session::ValueAck>(id));
  const Files files{{"global", kEnforce + "routes: { unlisted: remove, list: [ ] }\n"}};
  const ConfigVerdict plan = planned(files);
  EXPECT_EQ(plan.plan->mass_deleted, std::vector{HostId{"h1"}});
  ASSERT_FALSE(plan.findings.empty());
  EXPECT_EQ(plan.findings.back().severity, intent::Severity::kWarning);
  EXPECT_EQ(plan.findings.back().hosts, std::vector{HostId{"h1"}});
  EXPECT_EQ(planned(files, true).plan->mass_deleted.size(), 1u);
}

TEST_F(Answers, ARollbackThatWouldEmptyHostsIsRefusedLikeAnApply) {
  import("h1,,,,,,,,,\n");
  std::string ten;
  for (int i = 0; i < 10; ++i)
    ten += (i == 0 ? "" : ", ") + ("{ to: 10." + std::to_string(i) + ".0.0/16, via: 10.0.0.1 }");
  const ConfigVerdict one = apply({{"global", layer(kA)}}, "one");
  apply({{"global", layer(ten)}}, "ten");
  const auto back = desk.rollback_config({one.revision}, {}, "x");
  ASSERT_TRUE(back);
  EXPECT_EQ(back->revision, Revision{});
  EXPECT_EQ(c.store->read_desired(HostId{"h1"}).value()->generation, Generation{2});
}

TEST_F(Answers, ExplainNamesTheCommitThatWroteTheLinesAlsoThroughARollback) {
  import("h1,,,,,,,,,\n");
  apply({{"global", "routes:\n  list:\n    - " + kA + "\n"}}, "first", "uid 1 (ann)");
  const auto second =
      apply({{"global", "routes:\n  list:\n    - to: 10.2.0.0/16\n      via: 10.0.0.1\n    - " + kA + "\n"}},
            "second", "uid 2 (bob)");
  apply({{"global", "routes:\n  list:\n    - to: 10.2.0.0/16\n      via: 10.0.0.7\n    - " + kA + "\n"}},
        "third", "uid 3 (cho)");
  const auto since = [&](const std::string& key, const RevisionRef& ref) {
    const auto told = answers.explain(HostId{"h1"}, key, ref);
    if (!told || told->values.size() != 1 || !told->values[0].said || !told->values[0].said->since)
      return std::string("?");
    return told->values[0].value + " " + told->values[0].said->since->author + " " +
           told->values[0].said->since->message;
  };
  EXPECT_EQ(since("10.1.0.0/16", {}), "via 10.0.0.1 uid 1 (ann) first")
      << "the line moved, nobody rewrote it";
  EXPECT_EQ(since("10.2.0.0/16", {}), "via 10.0.0.7 uid 3 (cho) third") << "its second line is new";
  EXPECT_EQ(since("10.2.0.0/16", {"previous", std::nullopt}), "via 10.0.0.1 uid 2 (bob) second");
  ASSERT_TRUE(desk.rollback_config({second.revision}, {}, "uid 4 (dee)"));
  EXPECT_EQ(since("10.2.0.0/16", {}), "via 10.0.0.1 uid 4 (dee) ");
  EXPECT_EQ(since("10.1.0.0/16", {}), "via 10.0.0.1 uid 1 (ann) first");
}

TEST_F(Answers, ARevisionIsFoundByDigitsByWordAndByTheMomentItWasCurrent) {
  EXPECT_EQ(answers.find_commit({}).error().code, Errc::kNotFound);
  const auto first = apply({{"global", layer(kA)}}, "first");
  EXPECT_EQ(answers.find_commit({"previous", std::nullopt}).error().code, Errc::kNotFound);
  const auto second = apply({{"global", layer(kB)}}, "second");
  const auto commits = c.store->read_commits(9).value();
  EXPECT_EQ(answers.find_commit({})->id, second.revision);
  EXPECT_EQ(answers.find_commit({"current", std::nullopt})->id, second.revision);
  EXPECT_EQ(answers.find_commit({"previous", std::nullopt})->id, first.revision);
  EXPECT_EQ(answers.find_commit({first.revision.value.substr(0, 8), std::nullopt})->message, "first");
  EXPECT_EQ(answers.find_commit({"abc", std::nullopt}).error().code, Errc::kInvalidInput) << "too short";
  EXPECT_EQ(answers.find_commit({"nope!", std::nullopt}).error().code, Errc::kInvalidInput);
  EXPECT_EQ(answers.find_commit({"000000000000", std::nullopt}).error().code, Errc::kNotFound);
  EXPECT_EQ(answers.find_commit({"", commits[0].committed})->id, second.revision);
  EXPECT_EQ(answers.find_commit({"", commits[0].committed - Nanoseconds{1}})->id, first.revision);
  EXPECT_EQ(answers.find_commit({"", commits[1].committed - Nanoseconds{1}}).error().code, Errc::kNotFound);
}

TEST_F(Answers, ExplainOfAnUnknownHostIsAnErrorAndOneWithoutLayersIsNot) {
  import("h1,,,,,,,,,\n");
  apply({{"app/a", layer(kA)}}, "first");
  EXPECT_EQ(answers.explain(HostId{"h9"}, "", {}).error().code, Errc::kNotFound);
  const auto told = answers.explain(HostId{"h1"}, "10.1.0.0/16", {});
  ASSERT_TRUE(told);
  EXPECT_TRUE(told->layers.empty());
  ASSERT_EQ(told->values.size(), 1u);
  EXPECT_EQ(told->values[0].elsewhere.at(0).statement.why_not,
            "only for hosts with app=a; the record of h1 has no app");
}

TEST_F(Answers, TwoRevisionsAreComparedFileByFileAndHostByHost) {
  import("h1,,,,,a,,,,\nh2,,,,,b,,,,\n");
  apply({{"global", layer(kA)}, {"app/b", "# nothing\n"}}, "first");
  apply({{"global", layer(kA)}, {"app/a", layer(kB, "trial: { deadline: 90s }\n")}}, "second");
  const auto told_diff = answers.diff({"previous", std::nullopt}, {});
  ASSERT_TRUE(told_diff) << render(told_diff.error());
  ASSERT_EQ(told_diff->files.size(), 2u);
  EXPECT_EQ(told_diff->files[0].path, "layers/app/a.yaml");
  EXPECT_EQ(told_diff->files[0].change, FileChange::kAdded);
  EXPECT_EQ(told_diff->files[1].change, FileChange::kRemoved);
  EXPECT_EQ(told_diff->files[1].diff.text, "@@ -1,1 +0,0 @@\n-# nothing\n");
  EXPECT_EQ(told(told_diff->groups), "h1 | trial.deadline 60s->90s | +10.2.0.0/16 \n");
  EXPECT_EQ(told_diff->hosts_changed, 1u) << "h2 lost a file that said nothing";
  EXPECT_TRUE(answers.diff({}, {})->files.empty());
}

}  // namespace
}  // namespace ondol::collector
