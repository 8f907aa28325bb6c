// Texts compared line by line, and who wrote each line.
#include "common/intent/line_diff.h"

#include <gtest/gtest.h>

#include <random>

namespace ondol::intent {
namespace {

std::string hunks(std::string_view from, std::string_view to) { return diff_lines(from, to, 1 << 20).text; }

TEST(LineDiff, equal_texts_have_no_hunks) {
  EXPECT_EQ(hunks("", ""), "");
  EXPECT_EQ(hunks("a\nb\n", "a\nb\n"), "");
}

TEST(LineDiff, changes_have_three_lines_around_them_and_near_ones_share_a_hunk) {
  EXPECT_EQ(hunks("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\nten\n"),
            "@@ -2,8 +2,9 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n 9\n+ten\n");
  EXPECT_EQ(hunks("x\n1\n2\n3\n4\n5\n6\n7\n8\n9\ny\n", "1\n2\n3\n4\n5\n6\n7\n8\n9\n"),
            "@@ -1,4 +1,3 @@\n-x\n 1\n 2\n 3\n@@ -8,4 +7,3 @@\n 7\n 8\n 9\n-y\n");
}

TEST(LineDiff, a_new_file_is_all_additions_and_a_dropped_one_all_deletions) {
  EXPECT_EQ(hunks("", "a\nb\n"), "@@ -0,0 +1,2 @@\n+a\n+b\n");
  EXPECT_EQ(hunks("a\nb", ""), "@@ -1,2 +0,0 @@\n-a\n-b\n");
}

TEST(LineDiff, more_text_than_allowed_is_said_to_be_cut) {
  const LineDiff diff = diff_lines("a\n", "b\n", 3);
  EXPECT_TRUE(diff.truncated);
  EXPECT_EQ(diff.text, "");
}

// What is kept is equal on both sides and ascends: the diff leads from one to the other.
TEST(LineDiff, what_matches_is_equal_and_in_order_for_any_two_texts) {
  std::mt19937 random(7);
  for (int round = 0; round < 2'000; ++round) {
    std::vector<std::string> words[2];
    std::vector<std::string_view> lines[2];
    for (int side = 0; side < 2; ++side) {
      for (unsigned i = random() % 12; i > 0; --i)
        words[side].push_back(std::string(1, static_cast<char>('a' + random() % 4)));
      lines[side].assign(words[side].begin(), words[side].end());
    }
    std::size_t next = 0;
    const auto match = match_lines(lines[0], lines[1]);
    ASSERT_EQ(match.size(), lines[1].size());
    for (std::size_t i = 0; i < match.size(); ++i) {
      if (match[i] == kNoLine) continue;
      ASSERT_LT(match[i], lines[0].size());
      ASSERT_EQ(lines[0][match[i]], lines[1][i]);
      ASSERT_GE(match[i], next);
      next = match[i] + 1;
    }
  }
}

TEST(LineDiff, texts_with_nothing_in_common_end_soon) {
  std::string from, to;
  for (int i = 0; i < 20'000; ++i) {
    from += "a" + std::to_string(i) + "\n";
    to += "b" + std::to_string(i) + "\n";
  }
  EXPECT_EQ(diff_lines(from, to, 10 << 20).text.substr(0, 23), "@@ -1,20000 +1,20000 @@");
}

TEST(Blame, each_line_has_the_oldest_version_that_holds_it_unbroken) {
  LineBlame blame("new\na\nchanged\nc\n");
  blame.add_older("a\nb\nc\n");
  blame.add_older("a\nb\nc\n");
  EXPECT_FALSE(blame.is_settled());
  blame.add_older("c\n");
  blame.add_older("");
  EXPECT_TRUE(blame.is_settled());
  EXPECT_EQ(blame.version_of(1, 1), 0u);
  EXPECT_EQ(blame.version_of(2, 2), 2u);
  EXPECT_EQ(blame.version_of(3, 3), 0u);
  EXPECT_EQ(blame.version_of(4, 4), 3u);
  EXPECT_EQ(blame.version_of(2, 4), 0u) << "of several lines the newest hand counts";
  EXPECT_EQ(blame.line(2), "a");
  EXPECT_EQ(blame.line(5), "");
}

TEST(Blame, a_line_that_went_and_came_back_is_as_old_as_its_return) {
  LineBlame blame("a\n");
  blame.add_older("b\n");
  blame.add_older("a\n");
  EXPECT_EQ(blame.version_of(1, 1), 0u);
}

}  // namespace
}  // namespace ondol::intent
