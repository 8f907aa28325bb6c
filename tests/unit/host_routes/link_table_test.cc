#include "agent/host/routes/link_table.h"

#include <gtest/gtest.h>

namespace ondol::routes {
namespace {

LinkFacts link(int index, const char* name) { return {index, InterfaceName::make(name).value(), true, true}; }

TEST(LinkTable, ARenameLeavesNothingUnderTheOldName) {
  LinkTable table;
  table.put(link(2, "eth0"));
  table.put(link(2, "wan0"));
  EXPECT_FALSE(table.index_of(InterfaceName::make("eth0").value()));
  EXPECT_EQ(table.index_of(InterfaceName::make("wan0").value()), 2);
  EXPECT_EQ(table.size(), 1U);
}

TEST(LinkTable, TwoInterfacesSwapTheirNames) {
  LinkTable table;
  for (const auto& next : {link(2, "a"), link(3, "b"), link(2, "t"), link(3, "a"), link(2, "b")})
    table.put(next);
  EXPECT_EQ(table.index_of(InterfaceName::make("a").value()), 3);
  EXPECT_EQ(table.index_of(InterfaceName::make("b").value()), 2);
}

TEST(LinkTable, ADeletedInterfaceMadeAgainHasItsNewIndex) {
  LinkTable table;
  table.put(link(2, "eth0"));
  table.put(link(9, "eth0"));
  table.erase(2);
  EXPECT_EQ(table.index_of(InterfaceName::make("eth0").value()), 9);
  EXPECT_EQ(table.find(2), nullptr);
}

}  // namespace
}  // namespace ondol::routes
