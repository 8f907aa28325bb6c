#include "collector/cli/render/collector_view.h"

#include <gtest/gtest.h>

#include "collector/cli/render/text.h"
#include "tests/unit/cli/replies_by_hand.h"

namespace ondol::cli {
namespace {

v1::Finding finding(v1::Finding::Severity severity) {
  v1::Finding made;
  made.set_severity(severity);
  made.set_place("layers/app/settlement.yaml:14:7");
  made.set_message("unknown key 'via2'");
  made.set_remedy("did you mean 'via'?");
  made.add_hosts("h1");
  made.add_hosts("h2");
  made.set_host_count(20);
  return made;
}

TEST(Findings, say_place_severity_message_remedy_and_hosts_on_one_line) {
  EXPECT_EQ(finding_line(finding(v1::Finding::SEVERITY_ERROR)),
            "layers/app/settlement.yaml:14:7: error: unknown key 'via2' (did you mean 'via'?) [h1, h2 and 18 more]");
  v1::Finding bare;
  bare.set_message("no host is affected");
  EXPECT_EQ(finding_line(bare), "error: no host is affected");
}

TEST(Findings, an_error_means_nothing_was_stored_and_a_warning_does_not) {
  v1::ConfigReply reply;
  reply.set_revision("ab12");
  reply.set_hosts_changed(2);
  reply.set_hosts_total(10);
  *reply.add_findings() = finding(v1::Finding::SEVERITY_WARNING);
  EXPECT_FALSE(has_errors(reply));
  EXPECT_EQ(render_text(config_applied(reply), {}),
            "layers/app/settlement.yaml:14:7: warning: unknown key 'via2' (did you mean 'via'?) [h1, h2 and 18 more]\n"
            "revision ab12 stored: 2 of 10 hosts change\n");
  *reply.add_findings() = finding(v1::Finding::SEVERITY_ERROR);
  EXPECT_TRUE(has_errors(reply));
  const std::string text = render_text(config_applied(reply), {});
  EXPECT_EQ(text.substr(text.size() - 19), "nothing was stored\n");
}

TEST(Findings, a_sound_check_says_how_many_hosts_would_change) {
  v1::ConfigReply reply;
  reply.set_hosts_total(3);
  EXPECT_EQ(render_text(config_checked(reply), {}), "the layers are sound: 0 of 3 hosts would change\n");
}

TEST(Findings, applying_what_is_current_already_says_so) {
  v1::ConfigReply reply;
  reply.set_revision("ab12");
  reply.set_unchanged(true);
  EXPECT_EQ(render_text(config_applied(reply), {}), "revision ab12 is current already\n");
}

TEST(Import, errors_name_line_and_column_and_nothing_is_stored) {
  v1::ImportCmdbReply reply;
  v1::CellError* const error = reply.add_errors();
  error->set_line(4);
  error->set_column("name");
  error->set_message("'H1' is not a host name");
  EXPECT_EQ(render_text(cmdb_imported(reply, false), {}),
            "line 4, column name: error: 'H1' is not a host name\nnothing was stored\n");
}

TEST(Import, a_dry_run_says_what_would_be) {
  v1::ImportCmdbReply reply;
  reply.set_added(3);
  EXPECT_EQ(render_text(cmdb_imported(reply, true), {}), "would be: 3 added, 0 changed, 0 unchanged\n");
}

TEST(Token, stands_alone_in_text_and_has_its_end_in_json) {
  v1::CreateTokenReply reply;
  reply.set_token("ondol1.abc.def");
  reply.set_expires_unix_ns(unix_ns(kNow) + 600 * kSecond);
  const Document document = token_created(reply, "h1", kNow);
  EXPECT_EQ(render_text(document, {}), "ondol1.abc.def\n");
  EXPECT_EQ(document.json.dump(),
            R"({"host":"h1","token":"ondol1.abc.def","expires_at":"2026-11-20T10:20:00.000Z","expires_in_seconds":600})");
}

}  // namespace
}  // namespace ondol::cli
