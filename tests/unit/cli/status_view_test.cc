// What `ondolctl status` says at three in the morning.
#include "collector/cli/render/status_view.h"

#include <gtest/gtest.h>

#include "collector/cli/render/text.h"
#include "tests/unit/cli/replies_by_hand.h"

namespace ondol::cli {
namespace {

v1::GetStatusReply healthy() {
  v1::GetStatusReply reply;
  reply.set_version("0.1.0");
  reply.set_started_unix_ns(kTenOClock);
  reply.set_revision("ab12cd34ef56ab12cd34");
  reply.set_revision_unix_ns(kTenOClock + 300 * kSecond);
  reply.set_store_engine("sqlite");
  reply.set_caller("uid 0 (root)");
  v1::StateCount& online = *reply.add_hosts_by_state();
  online.set_state("online");
  online.set_hosts(3);
  v1::Progress& progress = *reply.mutable_progress();
  progress.set_hosts(3);
  progress.add_steps()->set_step(v1::STEP_APPLIED);
  progress.mutable_steps(0)->set_hosts(3);
  return reply;
}

void add(v1::GetStatusReply& reply, v1::Trouble trouble, std::uint32_t hosts,
         std::initializer_list<const char*> examples) {
  v1::TroubleCount& count = *reply.add_troubles();
  count.set_trouble(trouble);
  count.set_hosts(hosts);
  for (const char* host : examples) count.add_examples(host);
}

TEST(Status, when_all_is_well_it_says_so_first_and_then_the_figures) {
  v1::GetStatusReply reply = healthy();
  add(reply, v1::TROUBLE_OK, 3, {"h1", "h2", "h3"});
  EXPECT_EQ(render_text(collector_status(reply, kNow), {}),
            "nothing needs a person\n"
            "\n"
            "collector:    0.1.0, up 10m\n"
            "hosts:        3 online\n"
            "trouble:      3 ok\n"
            "silent:       none\n"
            "open drift:   0\n"
            "contested:    0\n"
            "revision:     ab12cd34ef56, stored 5m ago\n"
            "intent:       3 of 3 applied\n"
            "trials:       0 running; since the start 0 confirmed, 0 rolled back\n"
            "store:        sqlite: takes writes\n"
            "queues:       0 writes wait, 0 not answered; 0 offers wait\n"
            "events lost:  0\n"
            "you are:      uid 0 (root)\n");
}

TEST(Status, what_needs_a_person_comes_first_the_gravest_on_top_with_the_next_command) {
  v1::GetStatusReply reply = healthy();
  v1::StateCount& reason = *reply.add_silence_by_reason();
  reason.set_state("no_tcp");
  reason.set_hosts(12);
  reply.set_oldest_unseen_host("h7");
  reply.set_oldest_unseen_unix_ns(unix_ns(kNow) - 3 * 86'400 * kSecond);
  add(reply, v1::TROUBLE_SILENT, 12, {"h7", "h8", "h9"});
  add(reply, v1::TROUBLE_ROLLED_BACK, 1, {"h3"});
  add(reply, v1::TROUBLE_DRIFT, 2, {"h4", "h5"});
  add(reply, v1::TROUBLE_TRIAL, 4, {"h10", "h11", "h12"});
  add(reply, v1::TROUBLE_NEVER_ENROLLED, 1, {"h6"});
  const std::string text = render_text(collector_status(reply, kNow), {});
  EXPECT_EQ(
      text.substr(0, text.find("\n\n") + 1),
      "needs a person\n"
      "WHAT                                            HOSTS                  NEXT\n"
      "12 hosts silent (12 no_tcp), longest h7 for 3d  h7, h8, h9 and 9 more  ondolctl host list --trouble "
      "silent\n"
      "1 host undid the newest intent                  h3                     ondolctl host history h3\n"
      "2 hosts with drift                              h4, h5                 ondolctl drift list\n"
      "1 host never enrolled                           h6                     ondolctl enroll token create "
      "--host h6\n")
      << text;
}

TEST(Status, an_ailing_store_is_graver_than_any_host) {
  v1::GetStatusReply reply = healthy();
  reply.set_store_error("disk full");
  add(reply, v1::TROUBLE_STUCK, 1, {"h1"});
  const auto needs = needs_of(reply, kNow);
  ASSERT_EQ(needs.size(), 2u);
  EXPECT_EQ(needs[0].what, "the store takes no writes, so nothing is pushed: disk full");
  EXPECT_EQ(needs[0].next, "journalctl -u ondol-collector -p warning -n 50");
  EXPECT_EQ(needs[1].what, "1 host stuck: an observer makes no progress");
}

TEST(Status, a_deep_queue_clones_and_no_intent_at_all_need_a_person_too) {
  v1::GetStatusReply reply = healthy();
  reply.clear_revision();
  reply.set_store_queue_depth(10'000);
  reply.set_clones_refused(2);
  reply.set_identities_refused(1);
  const auto needs = needs_of(reply, kNow);
  ASSERT_EQ(needs.size(), 3u);
  EXPECT_EQ(needs[0].what, "the store is behind: 10000 writes wait");
  EXPECT_EQ(needs[1].what, "since the start 2 clones and 1 wrong identities were refused");
  EXPECT_EQ(needs[2].next, "ondolctl config apply DIR");
}

TEST(Status, trials_and_revoked_hosts_need_nobody) {
  v1::GetStatusReply reply = healthy();
  add(reply, v1::TROUBLE_TRIAL, 4, {"h1"});
  add(reply, v1::TROUBLE_REVOKED, 1, {"h2"});
  EXPECT_TRUE(needs_of(reply, kNow).empty());
}

TEST(Status, programs_get_needs_troubles_and_how_far_intent_is) {
  v1::GetStatusReply reply = healthy();
  add(reply, v1::TROUBLE_STUCK, 1, {"h1"});
  const Json json = collector_status(reply, kNow).json;
  EXPECT_EQ(json.at("needs").at(0).dump(),
            R"({"severity":"error","what":"1 host stuck: an observer makes no progress","hosts":"h1",)"
            R"("next":"on the host: journalctl -u ondol-agent -n 50"})");
  EXPECT_EQ(json.at("hosts_by_trouble").at("stuck"), 1);
  EXPECT_EQ(json.at("intent").at("steps").at("applied"), 3);
  EXPECT_EQ(json.at("up_seconds"), 600);
}

TEST(Status, every_trouble_has_a_word_and_what_to_do_next_unless_it_is_none) {
  for (int number = v1::TROUBLE_STUCK; number < v1::TROUBLE_OK; ++number) {
    const auto trouble = static_cast<v1::Trouble>(number);
    EXPECT_NE(trouble_word(trouble), "") << number;
    EXPECT_NE(next_step(trouble, "h1"), "") << number;
  }
  EXPECT_EQ(next_step(v1::TROUBLE_OK, "h1"), "");
  EXPECT_EQ(next_step(static_cast<v1::Trouble>(99), "h1"), "");
}

}  // namespace
}  // namespace ondol::cli
