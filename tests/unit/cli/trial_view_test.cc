#include "collector/cli/render/trial_view.h"

#include <gtest/gtest.h>

#include "collector/cli/render/collector_view.h"
#include "collector/cli/render/host_view.h"
#include "collector/cli/render/status_view.h"
#include "collector/cli/render/text.h"
#include "common/wire/trial_wire.h"
#include "tests/unit/cli/replies_by_hand.h"

namespace ondol::cli {
namespace {

v1::ProbeResult probe(const trial::ProbeTarget& target, bool green, const std::string& text) {
  return wire::to_wire(trial::ProbeResult{target, green, text, Milliseconds{3}});
}

const trial::ProbeTarget kCollector{trial::ProbeKind::kCollector, "", {}, 0};
const trial::ProbeTarget kBastion{trial::ProbeKind::kTcp, "bastion", *parse_address("10.0.0.5"), 22};

v1::ShowHostReply trying_host() {
  v1::ShowHostReply reply;
  *reply.mutable_summary() = online_host();
  v1::Trial& trial = *reply.mutable_summary()->mutable_trial();
  trial.set_generation(8);
  trial.set_running(true);
  trial.set_deadline_unix_ns(unix_ns(kNow) + 42'100'000'000);
  *reply.add_probes_before() = probe(kCollector, true, "answered");
  *reply.add_probes_before() = probe(kBastion, true, "connected");
  reply.mutable_last_result()->set_generation(8);
  reply.mutable_last_result()->set_outcome(v1::GENERATION_OUTCOME_TRIAL);
  reply.mutable_last_result()->set_deadline_ms(60'000);
  return reply;
}

v1::ShowHostReply undone_host() {
  v1::ShowHostReply reply = trying_host();
  reply.mutable_summary()->mutable_trial()->set_running(false);
  reply.mutable_summary()->mutable_trial()->set_deadline_unix_ns(0);
  v1::GenerationResult& result = *reply.mutable_last_result();
  result.set_outcome(v1::GENERATION_OUTCOME_ROLLED_BACK);
  result.set_reason("probe: tcp 10.0.0.5:22 (bastion) was green before: timed out");
  *result.add_probes() = probe(kCollector, true, "answered");
  *result.add_probes() = probe(kBastion, false, "timed out");
  return reply;
}

TEST(TrialView, a_running_trial_says_when_it_is_undone_and_what_was_green) {
  const std::string text = render_text(host_show(trying_host(), kNow), {});
  EXPECT_NE(text.find("trial:        generation 8, undone in 43 s unless it is confirmed\n"), std::string::npos) << text;
  EXPECT_NE(text.find("probes\n"
                      "PROBE                      BEFORE  NOW  SEEN       TOOK\n"
                      "collector                  green   -    answered   3.0 ms\n"
                      "tcp 10.0.0.5:22 (bastion)  green   -    connected  3.0 ms\n"),
            std::string::npos) << text;
}

TEST(TrialView, an_undone_trial_shows_its_reason_and_which_probe_turned_red) {
  const std::string text = render_text(host_show(undone_host(), kNow), {});
  EXPECT_NE(text.find("last result:  generation 8 rolled_back: probe: tcp 10.0.0.5:22 (bastion) was green before: timed out"),
            std::string::npos) << text;
  EXPECT_EQ(text.find("\ntrial:"), std::string::npos) << "its end is the last result";
  EXPECT_NE(text.find("tcp 10.0.0.5:22 (bastion)  green   red    timed out  3.0 ms\n"), std::string::npos) << text;
}

TEST(TrialView, json_has_the_trial_and_both_colours) {
  const Json running = host_show(trying_host(), kNow).json;
  EXPECT_EQ(running.at("trial").at("generation"), 8);
  EXPECT_EQ(running.at("trial").at("running"), true);
  EXPECT_EQ(running.at("trial").at("seconds_left"), 43);
  EXPECT_EQ(running.at("last_result").at("deadline_ms"), 60'000);
  const Json undone = host_show(undone_host(), kNow).json;
  EXPECT_TRUE(undone.at("trial").at("seconds_left").is_null());
  EXPECT_EQ(undone.at("probes").at(1).dump(),
            R"j({"probe":"tcp 10.0.0.5:22 (bastion)","kind":"tcp","name":"bastion","address":"10.0.0.5","port":22,)j"
            R"j("before":"green","now":"red","text":"timed out","took_ns":3000000})j");
  EXPECT_EQ(undone.at("last_result").at("probes").at(0).at("green"), true);
}

TEST(TrialView, a_trial_whose_host_fell_silent_has_no_known_end) {
  v1::ShowHostReply reply = trying_host();
  reply.mutable_summary()->mutable_trial()->set_running(false);
  const std::string text = render_text(host_show(reply, kNow), {});
  EXPECT_NE(text.find("generation 8, its end is not known\n"), std::string::npos) << text;
}

TEST(TrialView, the_wide_list_has_a_column_for_it) {
  const std::string text = render_text(host_list({trying_host().summary(), unknown_host()}, kNow), {.wide = true});
  EXPECT_NE(text.find("TRIAL"), std::string::npos) << text;
  EXPECT_NE(text.find("8, 43 s left"), std::string::npos) << text;
  EXPECT_TRUE(host_list({unknown_host()}, kNow).json.at(0).at("trial").is_null());
}

TEST(TrialView, a_deadline_that_is_over_is_no_negative_time) {
  v1::ShowHostReply reply = trying_host();
  reply.mutable_summary()->mutable_trial()->set_deadline_unix_ns(unix_ns(kNow) - kSecond);
  EXPECT_EQ(trial_cell(reply.summary(), kNow).text, "8, 0 s left");
}

TEST(TrialView, the_status_counts_them) {
  v1::GetStatusReply reply;
  reply.set_trials_running(2);
  reply.set_trials_confirmed(40);
  reply.set_trials_rolled_back(1);
  const Document document = collector_status(reply, kNow);
  const std::string text = render_text(document, {});
  EXPECT_NE(text.find("2 running; since the start 40 confirmed, 1 rolled back\n"), std::string::npos) << text;
  EXPECT_EQ(document.json.at("trials_rolled_back"), 1);
}

}  // namespace
}  // namespace ondol::cli
