// Selectors of hosts: -l app=settlement,phase!=live,labels.zone=a
#include <gtest/gtest.h>

#include "collector/cmdb/parse_csv.h"

namespace ondol::cmdb {
namespace {

bool selects(std::string_view text) {
  store::HostRecord record;
  record.name = HostId("pay-web-01");
  record.app = "settlement";
  record.phase = "live";
  record.labels = {{"zone", "a"}};
  const auto selector = parse_selector(text);
  EXPECT_TRUE(selector) << text;
  return selector && matches(*selector, record);
}

std::string refusal(std::string_view text) {
  const auto selector = parse_selector(text);
  return selector ? "accepted" : render(selector.error());
}

TEST(Selector, an_empty_one_matches_all) { EXPECT_TRUE(selects("") && selects("  ")); }

TEST(Selector, every_term_must_match) {
  EXPECT_TRUE(selects("app=settlement"));
  EXPECT_TRUE(selects("app=settlement, phase=live ,labels.zone=a,name=pay-web-01"));
  EXPECT_FALSE(selects("app=settlement,phase=test"));
  EXPECT_FALSE(selects("labels.zone=b"));
  EXPECT_FALSE(selects("labels.tier=1"));
  EXPECT_TRUE(selects("rack="));
}

TEST(Selector, a_negated_term_also_matches_a_label_that_is_not_there) {
  EXPECT_TRUE(selects("phase!=test,labels.tier!=1,labels.zone!=b"));
  EXPECT_FALSE(selects("phase!=live"));
}

TEST(Selector, what_cannot_be_read_is_refused_with_a_remedy) {
  EXPECT_EQ(refusal("phase"), "selector: 'phase' is not a term of a selector (write field=value or field!=value, joined by commas)");
  EXPECT_EQ(refusal("pahse=live"), "selector: unknown field 'pahse' (did you mean 'phase'?)");
  EXPECT_NE(refusal("labels=a"), "accepted");
  EXPECT_NE(refusal("labels.=a"), "accepted");
  EXPECT_NE(refusal("=a"), "accepted");
  EXPECT_NE(refusal("a=b,,c=d"), "accepted");
  EXPECT_NE(refusal(std::string(5'000, 'x')), "accepted");
  std::string many;
  for (int i = 0; i < 65; ++i) many += "app=a,";
  EXPECT_NE(refusal(many).find("more than 64 terms"), std::string::npos);
}

}  // namespace
}  // namespace ondol::cmdb
