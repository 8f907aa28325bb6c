// Variables: merged over all layers first, then expanded where they are used.
#include "fleet.h"

namespace ondol::intent {
namespace {

const std::string kUse = "routes:\n  list:\n    - { to: 10.9.0.0/16, via: \"{{ gw }}\" }\n";

TEST(Variables, a_higher_layer_changes_what_a_lower_template_becomes) {
  const Outcome outcome = resolve({{"global", "vars: { gw: 10.0.0.1 }\n" + kUse}, {"app/settlement", "vars: { gw: 10.0.0.2 }\n"}});
  EXPECT_EQ(outcome.routes(), "10.9.0.0/16 via 10.0.0.2\n");
}

TEST(Variables, may_stand_in_any_value_and_be_made_of_others) {
  EXPECT_EQ(resolve({{"global", R"(vars: { octet: 7, base: "10.0.0", gw: "{{ base }}.{{octet}}", net: 10.9.0.0/16, m: 5, nic: eth0 }
routes:
  list:
    - { to: "{{ net }}", via: "{{ gw }}", metric: "{{ m }}", dev: "{{nic}}" }
    - { to: 10.8.0.0/16, nexthops: [ { via: "{{ gw }}" } ] }
)"}}).routes(),
            "10.8.0.0/16 via 10.0.0.7\n10.9.0.0/16 via 10.0.0.7 dev eth0 metric 5\n");
}

TEST(Variables, a_templated_key_merges_like_a_written_one) {
  const Outcome outcome = resolve({{"global", "routes: { list: [ { to: 10.9.0.0/16, via: 10.0.0.1 } ] }\n"},
                                   {"phase/live", "vars: { net: 10.9.0.0/16 }\nroutes: { list: [ { to: \"{{ net }}\", via: 10.0.0.2 } ] }\n"}});
  EXPECT_EQ(outcome.routes(), "10.9.0.0/16 via 10.0.0.2\n");
  const Outcome covered = resolve({{"app/settlement", "routes: { list: [ { to: 10.9.0.0/16, via: 10.0.0.1 } ] }\n"},
                                   {"phase/live", "vars: { net: 10.9.0.0/16 }\nroutes: { list: [ { to: \"{{ net }}\", via: 10.0.0.2 } ] }\n"}});
  EXPECT_EQ(covered.routes(), "10.9.0.0/16 via 10.0.0.1\n");
}

TEST(Variables, a_missing_variable_names_file_and_line_of_the_use) {
  EXPECT_EQ(faults(kUse), "layers/global.yaml:3:31: error: variable 'gw' is missing in these layers (add 'vars: { gw: ... }')\n");
  EXPECT_EQ(faults("vars: { gateway: a, gv: b }\n" + kUse),
            "layers/global.yaml:4:31: error: variable 'gw' is missing in these layers (did you mean 'gv'?)\n");
}

TEST(Variables, a_tilde_removes_a_variable) {
  EXPECT_EQ(resolve({{"global", "vars: { gw: 10.0.0.1 }\n" + kUse}, {"app/settlement", "vars: { gw: ~ }\n"}}).routes(), "error\n");
  EXPECT_EQ(resolve({{"global", "vars: { gw: 10.0.0.1 }\n" + kUse}, {"app/settlement", "vars: ~\n"}}).routes(), "error\n");
  EXPECT_EQ(resolve({{"global", "vars: { gw: 10.0.0.1 }\n" + kUse}, {"phase/live", "vars: ~\n"}, {"app/settlement", "vars: { gw: 10.0.0.3 }\n"}}).routes(),
            "10.9.0.0/16 via 10.0.0.3\n");
}

TEST(Variables, circular_variables_name_file_and_line_of_the_use_and_the_circle) {
  EXPECT_EQ(faults("vars: { gw: \"{{ a }}\", a: \"{{ b }}\", b: \"{{ gw }}\" }\n" + kUse),
            "layers/global.yaml:4:31: error: circular variables: gw -> a -> b -> gw "
            "(give 'gw' a plain value (layers/global.yaml:1:13))\n");
  EXPECT_NE(faults("vars: { gw: \"{{ gw }}\" }\n" + kUse).find("circular variables: gw -> gw"), std::string::npos);
}

TEST(Variables, doubling_variables_are_bounded) {
  std::string vars = "vars:\n  gw: \"{{ v0 }}{{ v0 }}\"\n";
  for (int i = 0; i < 60; ++i) {
    const std::string next = "{{ v" + std::to_string(i + 1) + " }}";
    vars += "  v" + std::to_string(i) + ": \"" + next + next + "\"\n";
  }
  EXPECT_NE(faults(vars + "  v60: \"\"\n" + kUse).find("more than 1000 variables in one value"), std::string::npos);
  EXPECT_NE(faults("vars: { big: " + std::string(3000, 'x') + ", gw: \"{{ big }}{{ big }}\" }\n" + kUse).find("longer than 4096 bytes"),
            std::string::npos);
}

TEST(Variables, malformed_templates_are_refused) {
  for (const char* text : {"{{ }}", "{{ gw", "{{ g w }}", "{{ 1a }}", "{{{{ gw }}}}", "{{ gw | upper }}"}) {
    const std::string told = faults("vars: { gw: 10.0.0.1 }\nroutes: { list: [ { to: 10.9.0.0/16, via: \"" + std::string(text) + "\" } ] }\n");
    EXPECT_NE(told.find("a template that is not {{ NAME }}"), std::string::npos) << text << told;
  }
  EXPECT_NE(faults("routes: { list: [ { to: 10.9.0.0/16, via: {{ gw }} } ] }\n").find("quote templates"), std::string::npos);
}

TEST(Variables, are_single_values_with_plain_names) {
  EXPECT_NE(faults("vars: { a: [1] }\n").find("a list or a mapping"), std::string::npos);
  EXPECT_NE(faults("vars: { a-b: 1 }\n").find("cannot be the name of a variable"), std::string::npos);
  EXPECT_NE(faults("vars: []\n"), "");
}

TEST(Variables, an_expanded_value_is_checked_like_a_written_one_at_the_place_of_its_use) {
  EXPECT_EQ(faults("vars: { gw: 10.0.0.300 }\n" + kUse), "layers/global.yaml:4:31: error: '10.0.0.300' is not an IP address\n");
}

TEST(Variables, two_templates_that_become_one_route_are_duplicates) {
  EXPECT_EQ(faults(R"(vars: { a: 10.9.0.0/16, b: 10.9.0.0/16 }
routes:
  list:
    - { to: "{{ a }}", via: 10.0.0.1 }
    - { to: "{{ b }}", via: 10.0.0.2 }
)"),
            "layers/global.yaml:5:7: error: duplicate route 10.9.0.0/16 table main metric 0 (first at layers/global.yaml:4:7) "
            "(keep one of them, or give them different metrics)\n");
  EXPECT_NE(faults(R"(vars: { a: 10.9.0.0/16 }
routes: { list: [ { to: "{{ a }}", via: 10.0.0.1 }, { to: 10.9.0.0/16, via: 10.0.0.2 } ] }
)").find("layers/global.yaml:2:53: error: duplicate route"), std::string::npos);
}

}  // namespace
}  // namespace ondol::intent
