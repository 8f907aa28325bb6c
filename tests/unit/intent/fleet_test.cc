// Many hosts: findings joined, missing layers, revisions.
#include "fleet.h"

namespace ondol::intent {
namespace {

TEST(Fleet, a_misspelt_layer_in_a_record_is_warned_about_with_the_nearest_name) {
  std::vector<Finding> findings;
  const Layers layers = Layers::parse({{"layers/cluster/seoul-1.yaml", ""}}, findings);
  EXPECT_NE(layers.resolve({.name = HostId("b"), .cluster = "soeul-1", .phase = "live"}, findings), nullptr);
  layers.resolve({.name = HostId("a"), .cluster = "soeul-1"}, findings);
  findings = merged(std::move(findings));
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_EQ(render(findings[0]),
            "layers/cluster/soeul-1.yaml: warning: the record names 'soeul-1', but there is no such layer file "
            "(did you mean 'seoul-1'? correct the record or create the file)");
  EXPECT_EQ(findings[0].hosts, (std::vector{HostId("a"), HostId("b")}));
  EXPECT_EQ(findings[1].remedy, "create the file, or correct the record");
}

TEST(Fleet, an_empty_field_a_missing_global_and_a_missing_host_layer_are_no_findings) {
  std::vector<Finding> findings;
  Layers::parse({}, findings).resolve({.name = HostId("a")}, findings);
  EXPECT_TRUE(findings.empty());
}

TEST(Fleet, a_fault_of_a_file_is_told_once_with_every_host_that_uses_it) {
  std::vector<Finding> findings;
  const Layers layers = Layers::parse({{"layers/global.yaml", "routse: ~\n"}}, findings);
  for (const char* name : {"c", "a", "b"}) EXPECT_EQ(layers.resolve({.name = HostId(name)}, findings), nullptr);
  findings = merged(std::move(findings));
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].hosts, (std::vector{HostId("a"), HostId("b"), HostId("c")}));
}

TEST(Fleet, a_host_that_does_not_use_a_broken_file_is_resolved) {
  std::vector<Finding> findings;
  const Layers layers = Layers::parse({{"layers/app/x.yaml", "routse: ~\n"}, {"layers/global.yaml", "routes: { list: [] }\n"}}, findings);
  EXPECT_NE(layers.resolve({.name = HostId("a")}, findings), nullptr);
  EXPECT_EQ(layers.resolve({.name = HostId("b"), .app = "x"}, findings), nullptr);
}

TEST(Fleet, a_revision_depends_on_paths_and_contents_but_not_on_order) {
  const LayerText a{"layers/app/a.yaml", "x"}, b{"layers/app/b.yaml", "y"};
  EXPECT_EQ(revision_of({a, b}), revision_of({b, a}));
  EXPECT_NE(revision_of({a, b}), revision_of({a}));
  EXPECT_NE(revision_of({{"a", "bc"}}), revision_of({{"ab", "c"}}));
  EXPECT_EQ(revision_of({}).value.size(), 64u);
}

TEST(Fleet, ten_thousand_hosts_resolve_and_their_findings_become_one) {
  std::vector<LayerText> files{{"layers/global.yaml", "routes: { list: [ { to: 10.9.0.0/16, via: \"{{ gw }}\" } ] }\n"}};
  std::vector<Finding> findings;
  const Layers layers = Layers::parse(files, findings);
  for (int i = 0; i < 10'000; ++i) layers.resolve({.name = HostId("h" + std::to_string(i))}, findings);
  findings = merged(std::move(findings));
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].hosts.size(), 10'000u);
}

}  // namespace
}  // namespace ondol::intent
