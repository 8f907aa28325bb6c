// The real ondolctl against a fake collector: exit codes, JSON, and what reaches the wire.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/integration/cli/ondolctl.h"
#include "tests/unit/cli/replies_by_hand.h"

namespace ondol::cli {
namespace {

TEST_F(Ondolctl, exits_with_4_and_a_remedy_when_there_is_no_collector) {
  const Ran ran = run("host list");
  EXPECT_EQ(ran.exit_code, 4);
  EXPECT_NE(ran.err.find("no collector here"), std::string::npos) << ran.err;
  EXPECT_NE(ran.err.find("ONDOL_SOCKET"), std::string::npos) << ran.err;
  EXPECT_EQ(ran.out, "");
}

TEST_F(Ondolctl, exits_with_4_when_nobody_listens_on_the_socket_any_more) {
  start();
  admin_.reset();
  std::ofstream(socket_) << "a plain file";
  EXPECT_EQ(run("status").exit_code, 4);
}

TEST_F(Ondolctl, exits_with_4_when_it_is_not_allowed) {
  start();
  admin_->refusal = grpc::Status(grpc::StatusCode::PERMISSION_DENIED, "uid 1000 is not in group ondol");
  const Ran ran = run("status");
  EXPECT_EQ(ran.exit_code, 4);
  EXPECT_EQ(ran.err, "ondolctl: uid 1000 is not in group ondol\n");
}

TEST_F(Ondolctl, exits_with_2_on_wrong_usage_and_0_on_help) {
  EXPECT_EQ(run("bogus").exit_code, 2);
  EXPECT_EQ(run("host").exit_code, 2);
  EXPECT_EQ(run("host show").exit_code, 2);
  EXPECT_EQ(run("drift list -o xml").exit_code, 2);
  EXPECT_EQ(run("drift show seven").exit_code, 2);
  EXPECT_EQ(run("host list --help").exit_code, 0);
  EXPECT_EQ(run("--help").exit_code, 0);
}

TEST_F(Ondolctl, exits_with_1_when_the_collector_knows_no_such_host_and_2_when_the_selector_is_wrong) {
  start();
  admin_->refusal = grpc::Status(grpc::StatusCode::NOT_FOUND, "no host 'h9'");
  EXPECT_EQ(run("host list").exit_code, 1);
  admin_->refusal = grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "selector 'x' has no '='");
  EXPECT_EQ(run("host list -l x").exit_code, 2);
}

TEST_F(Ondolctl, takes_the_socket_from_the_environment) {
  start();
  const std::string line = "ONDOL_SOCKET=" + socket_.string() + " " + ONDOL_BINARY_DIR + "/bin/ondolctl status >/dev/null";
  EXPECT_EQ(std::system(line.c_str()), 0);
}

TEST_F(Ondolctl, joins_the_pages_of_a_long_host_list) {
  start();
  admin_->host_pages.resize(2);
  *admin_->host_pages[0].add_hosts() = online_host();
  admin_->host_pages[0].set_next_page("pay-web-01");
  *admin_->host_pages[1].add_hosts() = unknown_host();
  const Ran ran = run("host list -l phase=live -o json");
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  const auto json = nlohmann::json::parse(ran.out);
  ASSERT_EQ(json.size(), 2U);
  EXPECT_EQ(json[0]["name"], "h2") << "silent comes before held";
  EXPECT_EQ(admin_->asked_hosts.page_after(), "pay-web-01");
  EXPECT_EQ(admin_->asked_hosts.selector(), "phase=live");
}

TEST_F(Ondolctl, the_worst_of_all_pages_comes_first_and_trouble_can_be_chosen) {
  start();
  admin_->host_pages.resize(2);
  *admin_->host_pages[0].add_hosts() = online_host();
  admin_->host_pages[0].set_next_page("pay-web-01");
  *admin_->host_pages[1].add_hosts() = unknown_host();
  const std::vector<v1::ListHostsReply> pages = admin_->host_pages;
  const auto names = [&](const std::string& arguments) {
    admin_->serve_hosts(pages);
    std::string text;
    for (const auto& host : nlohmann::json::parse(run("host list -o json " + arguments).out)) text += host["name"].get<std::string>() + " ";
    return text;
  };
  EXPECT_EQ(names(""), "h2 pay-web-01 ");
  EXPECT_EQ(names("--sort name"), "h2 pay-web-01 ");
  EXPECT_EQ(names("--sort last-seen"), "h2 pay-web-01 ");
  EXPECT_EQ(names("--trouble blocked,stuck"), "pay-web-01 ");
  EXPECT_EQ(names("--limit 1"), "h2 ");
  EXPECT_EQ(run("host list --trouble bad").exit_code, 2);
  EXPECT_EQ(run("host list --sort bad").exit_code, 2);
}

TEST_F(Ondolctl, drift_list_exits_with_3_only_when_asked_and_only_for_open_differences) {
  start();
  *admin_->drift.add_drifts() = repaired_drift();
  EXPECT_EQ(run("drift list --all --exit-code").exit_code, 0);
  *admin_->drift.add_drifts() = extra_drift();
  EXPECT_EQ(run("drift list").exit_code, 0);
  EXPECT_EQ(run("drift list --exit-code").exit_code, 3);
  admin_->drift.Clear();
  EXPECT_EQ(run("drift list --exit-code").exit_code, 0);
}

TEST_F(Ondolctl, drift_list_joins_its_pages_and_says_when_there_is_more) {
  start();
  admin_->drift_pages.resize(2);
  *admin_->drift_pages[0].add_drifts() = extra_drift();
  admin_->drift_pages[0].set_next_below(8);
  *admin_->drift_pages[1].add_drifts() = repaired_drift();
  const Ran ran = run("drift list --all -o json");
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_EQ(nlohmann::json::parse(ran.out).size(), 2U);
  EXPECT_EQ(admin_->asked_drift.below(), 8U);
  admin_->drift = admin_->drift_pages[0];
  const Ran cut = run("drift list --limit 1");
  EXPECT_EQ(admin_->asked_drift.limit(), 1U);
  EXPECT_EQ(cut.err, "the newest 1 are shown, there are more; see --limit\n");
}

TEST_F(Ondolctl, drift_json_names_the_author_with_nulls_for_what_is_unknown) {
  start();
  *admin_->drift.add_drifts() = repaired_drift();
  const Ran ran = run("drift list --host pay-web-01 --all -o json");
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  const auto author = nlohmann::json::parse(ran.out)[0]["author"];
  EXPECT_EQ(author["pid"], 4121);
  EXPECT_EQ(author["user"], "kim");
  EXPECT_TRUE(author["unit"].is_null());
  EXPECT_EQ(admin_->asked_drift.host(), "pay-web-01");
  EXPECT_TRUE(admin_->asked_drift.with_closed());
}

TEST_F(Ondolctl, a_table_in_a_pipe_has_no_color_and_can_lose_its_headers) {
  start();
  *admin_->drift.add_drifts() = extra_drift();
  EXPECT_EQ(run("drift list", "TERM=xterm").out.find('\x1b'), std::string::npos);
  EXPECT_EQ(run("drift list --no-headers").out.find("HOST"), std::string::npos);
  EXPECT_EQ(run("--no-headers drift list").out.find("HOST"), std::string::npos);
}

TEST_F(Ondolctl, drift_watch_writes_one_json_line_per_difference_and_says_when_the_stream_ends) {
  start();
  *admin_->drift.add_drifts() = extra_drift();
  *admin_->drift.add_drifts() = repaired_drift();
  const Ran counted = run("drift watch --count 1 -o json");
  EXPECT_EQ(counted.exit_code, 0) << counted.err;
  EXPECT_EQ(nlohmann::json::parse(counted.out)["id"], 8);
  const Ran ended = run("drift watch");
  EXPECT_EQ(ended.exit_code, 4);
  EXPECT_EQ(std::count(ended.out.begin(), ended.out.end(), '\n'), 2);
  EXPECT_NE(ended.err.find("ended the stream"), std::string::npos) << ended.err;
}

TEST_F(Ondolctl, config_check_sends_the_layers_and_exits_with_2_on_an_error_finding) {
  start();
  EXPECT_EQ(run("config check " + (root_ / "fleet").string()).exit_code, 0);
  ASSERT_EQ(admin_->asked_config.files_size(), 1);
  EXPECT_EQ(admin_->asked_config.files(0).path(), "layers/global.yaml");
  EXPECT_EQ(admin_->asked_config.files(0).content(), "routes: { list: [] }\n");
  v1::Finding* const finding = admin_->config.add_findings();
  finding->set_severity(v1::Finding::SEVERITY_ERROR);
  finding->set_place("layers/global.yaml:1:11");
  finding->set_message("unknown key 'lst'");
  const Ran ran = run("config check " + (root_ / "fleet").string());
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_EQ(ran.out, "layers/global.yaml:1:11: error: unknown key 'lst'\n");
}

TEST_F(Ondolctl, config_apply_carries_the_message_and_the_flag) {
  start();
  admin_->config.set_revision("ab12");
  const Ran ran = run("config apply " + (root_ / "fleet").string() + " -m 'card network' --allow-mass-delete");
  EXPECT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_EQ(ran.out, "revision ab12 stored: 0 of 0 hosts change\n");
  EXPECT_EQ(admin_->asked_config.message(), "card network");
  EXPECT_TRUE(admin_->asked_config.allow_mass_delete());
}

TEST_F(Ondolctl, config_plan_exits_with_3_only_when_asked_and_a_host_would_change) {
  start();
  const std::string fleet = (root_ / "fleet").string();
  admin_->config.set_hosts_total(3);
  admin_->config.mutable_plan()->set_id("a-b-c");
  EXPECT_EQ(run("config plan --exit-code " + fleet).exit_code, 0);
  admin_->config.set_hosts_changed(2);
  EXPECT_EQ(run("config plan " + fleet).exit_code, 0);
  EXPECT_EQ(run("config plan " + fleet + " --exit-code --allow-mass-delete").exit_code, 3);
  EXPECT_TRUE(admin_->asked_config.allow_mass_delete());
  EXPECT_EQ(admin_->asked_config.files_size(), 1);
  const auto json = nlohmann::json::parse(run("config plan -o json " + fleet).out);
  EXPECT_EQ(json["plan"]["id"], "a-b-c");
  EXPECT_EQ(json["hosts_changed"], 2);
  admin_->config.add_findings()->set_message("wrong");
  EXPECT_EQ(run("config plan --exit-code " + fleet).exit_code, 2);
}

TEST_F(Ondolctl, config_apply_can_be_bound_to_a_plan_and_a_stale_one_exits_with_1) {
  start();
  const std::string apply = "config apply " + (root_ / "fleet").string() + " --plan a-b-c --show";
  EXPECT_EQ(run(apply).exit_code, 0);
  EXPECT_EQ(admin_->asked_config.bound_to(), "a-b-c");
  EXPECT_TRUE(admin_->asked_config.with_plan());
  admin_->refusal = grpc::Status(grpc::StatusCode::ABORTED, "the plan is stale: the record has changed");
  const Ran stale = run(apply);
  EXPECT_EQ(stale.exit_code, 1);
  EXPECT_EQ(stale.err, "ondolctl: the plan is stale: the record has changed\n");
}

TEST_F(Ondolctl, config_rollback_names_a_revision_or_a_moment) {
  start();
  EXPECT_EQ(run("config rollback previous -m oops --allow-mass-delete").exit_code, 0);
  EXPECT_EQ(admin_->asked_rollback.to().id(), "previous");
  EXPECT_EQ(admin_->asked_rollback.message(), "oops");
  EXPECT_TRUE(admin_->asked_rollback.allow_mass_delete());
  EXPECT_FALSE(admin_->asked_rollback.dry_run());
  EXPECT_EQ(run("config rollback @2026-11-20T10:00Z --dry-run").exit_code, 0);
  EXPECT_EQ(admin_->asked_rollback.to().at_unix_ns(), kTenOClock);
  EXPECT_TRUE(admin_->asked_rollback.dry_run());
  EXPECT_EQ(run("config rollback previous --plan a-b-c --show --no-wait").exit_code, 0);
  EXPECT_EQ(admin_->asked_rollback.bound_to(), "a-b-c");
  EXPECT_TRUE(admin_->asked_rollback.with_plan());
  EXPECT_EQ(run("config rollback @yesterday").exit_code, 2);
  EXPECT_EQ(run("config rollback").exit_code, 2);
}

TEST_F(Ondolctl, config_explain_asks_as_of_a_moment_or_a_revision_but_not_both) {
  start();
  admin_->explained.add_values()->set_name("mode.routes");
  const auto json = nlohmann::json::parse(run("config explain h1 mode.routes --at 2026-11-20T10:00:00Z -o json").out);
  EXPECT_EQ(json["values"][0]["name"], "mode.routes");
  EXPECT_EQ(admin_->asked_explain.host(), "h1");
  EXPECT_EQ(admin_->asked_explain.key(), "mode.routes");
  EXPECT_EQ(admin_->asked_explain.revision().at_unix_ns(), kTenOClock);
  EXPECT_EQ(run("config explain h1 --revision ab12").exit_code, 0);
  EXPECT_EQ(admin_->asked_explain.revision().id(), "ab12");
  EXPECT_EQ(run("config explain h1 --revision ab12 --at 2h").exit_code, 2);
  EXPECT_EQ(run("config explain h1 --at soon").exit_code, 2);
}

TEST_F(Ondolctl, config_diff_compares_with_the_current_revision_and_exits_with_3_when_asked) {
  start();
  EXPECT_EQ(run("config diff ab12 --exit-code").exit_code, 0);
  EXPECT_EQ(admin_->asked_diff.from().id(), "ab12");
  EXPECT_EQ(admin_->asked_diff.to().id(), "current");
  admin_->compared.add_files()->set_path("layers/global.yaml");
  EXPECT_EQ(run("config diff ab12 @2026-11-20T10:00 --exit-code").exit_code, 3);
  EXPECT_EQ(admin_->asked_diff.to().at_unix_ns(), kTenOClock);
}

TEST_F(Ondolctl, config_history_is_a_list_with_stable_keys) {
  start();
  v1::RevisionInfo* const info = admin_->revisions.add_revisions();
  info->set_id("ab12cd34ef5678");
  info->set_number(7);
  info->set_current(true);
  const auto json = nlohmann::json::parse(run("config history -o json").out);
  EXPECT_EQ(json[0]["number"], 7);
  EXPECT_TRUE(json[0]["hosts_changed"].is_null()) << "nobody counted";
  EXPECT_NE(run("config history").out.find("ab12cd34ef56 "), std::string::npos);
}

TEST_F(Ondolctl, config_schema_needs_no_collector_and_is_json_unless_yaml_is_asked_for) {
  const Ran ran = run("config schema");
  ASSERT_EQ(ran.exit_code, 0) << ran.err;
  EXPECT_EQ(nlohmann::json::parse(ran.out)["$schema"], "http://json-schema.org/draft-07/schema#");
  EXPECT_NE(run("config schema -o yaml").out.find("\n    properties:\n"), std::string::npos);
}

TEST_F(Ondolctl, config_check_of_a_folder_without_layers_exits_with_2_before_any_call) {
  const Ran ran = run("config check " + root_.string());
  EXPECT_EQ(ran.exit_code, 2);
  EXPECT_NE(ran.err.find("has no readable folder layers"), std::string::npos) << ran.err;
}

TEST_F(Ondolctl, the_record_goes_in_from_a_file_and_comes_out_into_one) {
  start();
  std::ofstream(root_ / "in.csv") << "name\nh1\n";
  EXPECT_EQ(run("cmdb import " + (root_ / "in.csv").string()).exit_code, 0);
  EXPECT_EQ(admin_->asked_import.csv(), "name\nh1\n");
  admin_->import.add_errors()->set_message("duplicate host");
  EXPECT_EQ(run("cmdb import " + (root_ / "in.csv").string()).exit_code, 2);
  EXPECT_EQ(run("cmdb export " + (root_ / "out.csv").string()).exit_code, 0);
  EXPECT_EQ(content_of(root_ / "out.csv"), "name,cluster\nh1,seoul-1\n");
  EXPECT_EQ(run("cmdb export -").out, "name,cluster\nh1,seoul-1\n");
  EXPECT_EQ(run("cmdb export /nowhere/x.csv").exit_code, 1);
}

TEST_F(Ondolctl, a_token_is_alone_on_standard_output) {
  start();
  const Ran ran = run("enroll token create --host h1");
  EXPECT_EQ(ran.exit_code, 0);
  EXPECT_EQ(ran.out, "ondol1.abc.def\n");
  EXPECT_NE(ran.err.find("for h1 only, once, until 2026-11-20T10:10:00.000Z"), std::string::npos) << ran.err;
}

TEST_F(Ondolctl, revoking_says_how_many_certificates_ended) {
  start();
  EXPECT_EQ(run("host revoke h1").out, "h1 is revoked: 2 certificates\n");
}

TEST_F(Ondolctl, version_works_with_and_without_a_collector) {
  EXPECT_EQ(nlohmann::json::parse(run("version -o json").out)["collector"], nullptr);
  start();
  EXPECT_EQ(nlohmann::json::parse(run("version -o json").out)["collector"], "9.9.9");
}

}  // namespace
}  // namespace ondol::cli
