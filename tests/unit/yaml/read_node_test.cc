// Typed reads: what was found, what was expected, where.
#include <gtest/gtest.h>

#include "common/base/nearest_name.h"
#include "common/yaml/strict_yaml.h"

namespace ondol::yaml {
namespace {

Node value(std::string_view text) { return *parse("v: " + std::string(text) + "\n", "f.yaml").value().find("v"); }

TEST(ReadNode, an_unknown_key_names_the_nearest_known_one) {
  const Node root = parse("to: a\nvai: b\n", "f.yaml").value();
  const auto checked = check_keys(root, {"to", "via", "dev"});
  ASSERT_FALSE(checked);
  EXPECT_EQ(render(checked.error()), "f.yaml:2:1: unknown key 'vai' (did you mean 'via'?)");
  EXPECT_TRUE(check_keys(root, {"to", "vai"}));
}

TEST(ReadNode, an_unknown_key_near_nothing_lists_what_is_known) {
  const auto checked = check_keys(parse("zzzzzz: b\n", "f.yaml").value(), {"to", "via"});
  EXPECT_EQ(render(checked.error()), "f.yaml:1:1: unknown key 'zzzzzz' (known: to, via)");
}

TEST(ReadNode, check_keys_refuses_a_list_and_passes_nothing) {
  EXPECT_FALSE(check_keys(value("[a]"), {"a"}));
  EXPECT_TRUE(check_keys(value("~"), {"a"}));
}

TEST(ReadNode, text_is_any_scalar_and_nothing_else) {
  EXPECT_EQ(read_string(value("'10'")).value(), "10");
  EXPECT_EQ(render(read_string(value("[a]")).error()), "f.yaml:1:4: found a list, expected text (write text)");
  EXPECT_FALSE(read_string(value("~")));
}

TEST(ReadNode, booleans_are_true_and_false_only) {
  EXPECT_TRUE(read_bool(value("true")).value());
  EXPECT_FALSE(read_bool(value("false")).value());
  for (const char* text : {"yes", "on", "True", "1", "~", "[]"}) EXPECT_FALSE(read_bool(value(text))) << text;
}

TEST(ReadNode, numbers_are_whole_decimal_and_within_bounds) {
  EXPECT_EQ(read_int(value("254"), 1, 254).value(), 254);
  EXPECT_EQ(read_int(value("-3"), -5, 5).value(), -3);
  for (const char* text : {"0", "255", "010", "0x10", "1.5", "1e2", "+5", "99999999999999999999", "", "'-'", "five", "[1]"}) {
    EXPECT_FALSE(read_int(value(text), 1, 254)) << text;
  }
  EXPECT_EQ(render(read_int(value("999"), 1, 254).error()),
            "f.yaml:1:4: found '999', expected a whole number from 1 to 254 (write a whole number from 1 to 254)");
}

TEST(ReadNode, durations_need_a_unit) {
  using std::chrono::milliseconds;
  EXPECT_EQ(read_duration(value("500ms")).value(), milliseconds(500));
  EXPECT_EQ(read_duration(value("60s")).value(), milliseconds(60'000));
  EXPECT_EQ(read_duration(value("10m")).value(), milliseconds(600'000));
  EXPECT_EQ(read_duration(value("1h")).value(), milliseconds(3'600'000));
  for (const char* text : {"60", "s", "-1s", "1.5s", "1d", "999999999999999999h", "~", "{}"}) {
    EXPECT_FALSE(read_duration(value(text))) << text;
  }
}

TEST(NearestName, swaps_case_and_dashes_are_near_and_strangers_are_not) {
  EXPECT_EQ(nearest_name("unlsited", {"unlisted", "ignore"}), "unlisted");
  EXPECT_EQ(nearest_name("app-type", {"app", "app_type"}), "app_type");
  EXPECT_EQ(nearest_name("take-over", {"take_over"}), "take_over");
  EXPECT_EQ(nearest_name("x", {"to", "via"}), std::nullopt);
  EXPECT_EQ(nearest_name(std::string(10'000, 'a'), {"a"}), std::nullopt);
}

}  // namespace
}  // namespace ondol::yaml
