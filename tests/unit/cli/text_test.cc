#include "collector/cli/render/text.h"

#include <gtest/gtest.h>

#include "collector/cli/render/time_text.h"
#include "tests/unit/cli/replies_by_hand.h"

namespace ondol::cli {
namespace {

Document one_table(Table table) {
  Document document;
  document.sections.push_back({{}, {}, {}, std::move(table)});
  return document;
}

const Table kTable{{{"NAME", false}, {"MORE", true}, {"STATE", false}},
                   {{"a", "x", Cell("fine", Tone::kGood)}, {"longer", "yy", Cell("bad", Tone::kBad)}}};

TEST(RenderText, columns_are_aligned_and_the_last_one_is_not_padded) {
  EXPECT_EQ(render_text(one_table(kTable), {}), "NAME    STATE\na       fine\nlonger  bad\n");
}

TEST(RenderText, wide_shows_more_columns_and_headers_can_be_left_out) {
  EXPECT_EQ(render_text(one_table(kTable), {.wide = true, .headers = false, .color = false}),
            "a       x   fine\nlonger  yy  bad\n");
}

TEST(RenderText, color_never_moves_a_column) {
  EXPECT_EQ(render_text(one_table(kTable), {.wide = false, .headers = false, .color = true}),
            "a       \x1b[32mfine\x1b[0m\nlonger  \x1b[31mbad\x1b[0m\n");
}

TEST(RenderText, hangul_takes_two_columns) {
  const Table table{{{"A", false}, {"B", false}}, {{"온돌", "x"}, {"ab", "y"}}};
  EXPECT_EQ(render_text(one_table(table), {.headers = false}), "온돌  x\nab    y\n");
}

TEST(RenderText, control_characters_from_hosts_are_escaped_everywhere) {
  Document document = one_table({{{"A", false}}, {{"\x1b[2J"}}});
  document.sections[0].facts = {{"name", "a\nb"}};
  document.sections[0].lines = {Cell("\x07")};
  EXPECT_EQ(render_text(document, {}), "name:  a\\x0ab\n\\x07\nA\n\\x1b[2J\n");
}

TEST(RenderText, sections_are_parted_by_a_line) {
  Document document;
  document.sections.push_back({"first", {{"a", "1"}, {"bcd", "2"}}, {}, {}});
  document.sections.push_back({"second", {}, {Cell("line")}, {}});
  EXPECT_EQ(render_text(document, {}), "first\na:    1\nbcd:  2\n\nsecond\nline\n");
}

TEST(RenderJson, escapes_every_control_character_and_keeps_letters) {
  const Json json{{"text", "\x1b\x7f\xc2\x9b온"}};
  EXPECT_EQ(render_json_line(json), "{\"text\":\"\\u001b\\u007f\\u009b온\"}\n");
  EXPECT_EQ(Json::parse(render_json_line(json)), json);
}

TEST(RenderJson, bytes_that_are_not_utf8_do_not_break_it) {
  EXPECT_TRUE(Json::accept(render_json(Json{{"text", "\xff\xfe"}})));
}

TEST(RenderYaml, nests_lists_and_objects_and_quotes_every_string) {
  const Json json = Json::parse(R"([{"name":"no","n":1,"none":null,"list":[1,{"a":true,"b":[]}],"empty":{}}, "x: y"])");
  EXPECT_EQ(render_yaml(json),
            "- name: \"no\"\n"
            "  n: 1\n"
            "  none: null\n"
            "  list:\n"
            "    - 1\n"
            "    - a: true\n"
            "      b: []\n"
            "  empty: {}\n"
            "- \"x: y\"\n");
  EXPECT_EQ(render_yaml(Json::array()), "[]\n");
}

TEST(TimeText, ages_are_short_and_never_negative) {
  const auto age = [](std::int64_t seconds) { return age_text(unix_ns(kNow) - seconds * kSecond, kNow); };
  EXPECT_EQ(age_text(0, kNow), "never");
  EXPECT_EQ(age(-50), "0s");
  EXPECT_EQ(age(119), "119s");
  EXPECT_EQ(age(120), "2m");
  EXPECT_EQ(age(7'199), "119m");
  EXPECT_EQ(age(7'200), "2h");
  EXPECT_EQ(age(3 * 86'400), "3d");
}

TEST(TimeText, a_clock_time_of_another_day_says_which) {
  EXPECT_EQ(clock_text(kTenOClock + 131 * kSecond, kNow), "10:02:11");
  EXPECT_EQ(clock_text(kTenOClock - 86'400 * kSecond, kNow), "2026-11-19 10:00:00");
}

TEST(TimeText, durations_have_a_fitting_unit) {
  EXPECT_EQ(duration_text(85'000), "85 us");
  EXPECT_EQ(duration_text(200'000), "0.2 ms");
  EXPECT_EQ(duration_text(1'500'000'000), "1.5 s");
}

}  // namespace
}  // namespace ondol::cli
