// Outages that others had, as what could be written into layers.
#include "fleet.h"

namespace ondol::intent {
namespace {

std::string generated(int routes) {
  std::string text = "routes:\n  list:\n";
  for (int i = 0; i < routes; ++i) {
    text += "    - { to: 10." + std::to_string(i / 256) + "." + std::to_string(i % 256) +
            ".0/24, via: 10.0.0.1 }\n";
  }
  return text;
}

// Cloudflare, 2025-11-18: a generated file doubled and was over a limit that only its readers knew.
TEST(Cloudflare2025, AGeneratedFileThatDoubledIsNamedWithItsLimitWhereItIsWritten) {
  const Outcome usual = resolve({{"host/pay-web-01", generated(20'000)}});
  EXPECT_EQ(usual.lines(), "");
  const Outcome doubled = resolve({{"host/pay-web-01", generated(40'001)}});
  EXPECT_EQ(doubled.host, nullptr);
  EXPECT_NE(
      doubled.lines().find("layers/host/pay-web-01.yaml:1:1: error: the file has more than 1048576 bytes"),
      std::string::npos)
      << doubled.lines();
}

// Google, 2025-06-12: blank fields of a policy were valid to everybody but the one who read them.
TEST(Google2025, EveryBlankFieldOfARouteIsAnErrorAtItsPlace) {
  for (const char* entry :
       {"{ to: , via: 10.0.0.1 }", "{ to: \"\", via: 10.0.0.1 }", "{ to: 10.1.0.0/16, via: \"\" }",
        "{ to: 10.1.0.0/16, via: }", "{ to: 10.1.0.0/16, type: }", "{ to: 10.1.0.0/16, type: \"\" }",
        "{ to: 10.1.0.0/16, via: 10.0.0.1, table: \"\" }", "{ to: 10.1.0.0/16, via: 10.0.0.1, metric: \"\" }",
        "{ to: 10.1.0.0/16, dev: \"\" }", "{}", "", "~"}) {
    EXPECT_NE(route_faults(entry).find("layers/global.yaml:"), std::string::npos)
        << "'" << entry << "' gives '" << route_faults(entry) << "'";
  }
}

TEST(Google2025, ABlankVariableIsAnErrorForWhoeverUsesIt) {
  const Outcome outcome = resolve(
      {{"global", "vars: { gw: \"\" }\nroutes: { list: [ { to: 10.1.0.0/16, via: \"{{ gw }}\" } ] }\n"}});
  EXPECT_EQ(outcome.host, nullptr);
  EXPECT_NE(outcome.lines().find("layers/global.yaml:"), std::string::npos) << outcome.lines();
}

// A forgotten value is neither `~` nor `[]`: only those say that routes shall go.
TEST(Google2025, AKeyWithoutAValueIsAnErrorAndNeverAnEmptyList) {
  for (const char* blank :
       {"routes:\n  list:\n", "routes:\n", "routes: { list: }\n", "routes: { list: , unlisted: report }\n",
        "mode:\n", "mode: { routes: }\n", "vars: { gw: }\n", "probes:\n", "trial: { deadline: }\n"}) {
    const Outcome outcome = resolve({{"global", "routes: { list: [ { to: 10.1.0.0/16, via: 10.0.0.1 } ] }\n"},
                                     {"host/pay-web-01", blank}});
    EXPECT_EQ(outcome.host, nullptr) << blank;
    EXPECT_NE(outcome.lines().find("has no value"), std::string::npos) << blank << outcome.lines();
  }
  const Outcome said = resolve({{"global", "routes: { list: [ { to: 10.1.0.0/16, via: 10.0.0.1 } ] }\n"},
                                {"host/pay-web-01", "routes: { list: ~ }\n"}});
  EXPECT_EQ(said.lines(), "");
}

}  // namespace
}  // namespace ondol::intent
