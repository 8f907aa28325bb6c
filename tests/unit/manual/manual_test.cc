// From a declared command line to its description, and from that to a manual page.
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>

#include "common/manual/describe.h"
#include "common/manual/walk.h"

namespace ondol::manual {
namespace {

struct Declared {
  CLI::App app{"boat: what floats", "boat"};
  std::string socket = "/run/boat", look, host, crew, file;
  bool fast = false;

  Declared() {
    app.add_option("--socket", socket, "where it listens")->envname("BOAT")->capture_default_str();
    CLI::App* const row = app.add_subcommand("row", "go slowly");
    row->add_option("host", host, "whither")->required();
    row->add_option("-o,--output", look, "how it looks")->type_name("table|json");
    row->add_flag("--fast", fast, "go less slowly");
    CLI::App* const deep = app.add_subcommand("deep", "below");
    deep->add_subcommand("dive", "go down");
    app.add_subcommand("secret", "for scripts")->group("");
  }
};

TEST(Describe, TakesNamesValuesChoicesDefaultsAndEnvironment) {
  const Declared declared;
  const Command boat = describe(declared.app);
  EXPECT_EQ(boat.name, "boat");
  ASSERT_EQ(boat.commands.size(), 2u) << "what is hidden stays hidden";
  const Option& socket = boat.options.at(1);
  EXPECT_EQ(socket.names, std::vector<std::string>{"--socket"});
  EXPECT_EQ(socket.value, "SOCKET");
  EXPECT_EQ(socket.fallback, "/run/boat");
  EXPECT_EQ(socket.environment, "BOAT");
  EXPECT_EQ(socket.words, Words::kFile);
  const Command& row = boat.commands.at(0);
  const auto find = [&](const std::string& name) {
    for (const Option& option : row.options) {
      if (!option.names.empty() && option.names.back() == name) return option;
    }
    return Option{};
  };
  EXPECT_EQ(find("--output").names, (std::vector<std::string>{"-o", "--output"}));
  EXPECT_EQ(find("--output").choices, (std::vector<std::string>{"table", "json"}));
  EXPECT_EQ(find("--fast").value, "") << "a flag";
  EXPECT_EQ(row.options.back().value, "HOST");
  EXPECT_TRUE(row.options.back().names.empty());
  EXPECT_TRUE(row.options.back().required);
  EXPECT_EQ(row.options.back().words, Words::kHost);
}

TEST(Describe, ACommandIsKnownByItsWholePath) {
  const Declared declared;
  EXPECT_EQ(paths_of(describe(declared.app)),
            (std::vector<std::string>{"boat", "boat row", "boat deep", "boat deep dive"}));
}

TEST(ManPage, HasEveryCommandWithItsArgumentsAndOptions) {
  const Declared declared;
  const std::string page = render_man_page(describe(declared.app), {1, "1.2", {}, {}, {"sea(7)"}});
  EXPECT_EQ(page.substr(0, page.find('\n')), ".TH \"BOAT\" 1 \"\" \"Ondol 1.2\" \"Ondol\"");
  EXPECT_NE(page.find(".SH NAME\nboat \\- what floats\n"), std::string::npos) << page;
  EXPECT_NE(page.find("\n\\fBboat row\\fR \\fIHOST\\fR [\\fIOPTIONS\\fR]\n"), std::string::npos) << page;
  EXPECT_NE(page.find(".TP\n\\fB\\-o\\fR, \\fB\\-\\-output\\fR \\fItable|\\:json\\fR\nhow it looks.\n"),
            std::string::npos)
      << page;
  EXPECT_NE(page.find("Default: \\fB/run/boat\\fR. Also from the environment: \\fBBOAT\\fR."),
            std::string::npos)
      << page;
  EXPECT_NE(page.find(".SS boat deep dive\n"), std::string::npos) << page;
  EXPECT_NE(page.find("\\fBsea\\fR(7)"), std::string::npos) << page;
}

TEST(ManPage, WhatLooksLikeARequestStaysText) {
  Command odd{"odd", "odd: a\\b", {}, {}};
  odd.options.push_back({{"--dot"}, "", ".SH not a heading", "", "", {}, false, false, Words::kNone});
  odd.options.push_back({{"--quote"}, "", "'quoted' at the start", "", "", {}, false, false, Words::kNone});
  const std::string page = render_man_page(odd, {1, "", {}, {}, {}});
  EXPECT_NE(page.find("\n\\&.SH not a heading."), std::string::npos) << page;
  EXPECT_NE(page.find("\n\\&'quoted'"), std::string::npos) << page;
  EXPECT_NE(page.find("a\\eb"), std::string::npos) << page;
}

TEST(Completion, AWordBehindAnOptionThatTakesOneIsNoCommand) {
  const Declared declared;
  const auto taking = taking_options(describe(declared.app));
  EXPECT_EQ(taking, (std::vector<std::string>{"--socket", "-o", "--output"}));
}

}  // namespace
}  // namespace ondol::manual
