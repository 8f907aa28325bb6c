// Walks the command tree: every command, in every output format, against a collector that answers with
// hostile words.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "collector/cli/commands/commands.h"
#include "common/manual/describe.h"
#include "common/manual/walk.h"
#include "tests/integration/cli/hostile_admin.h"
#include "tests/integration/cli/ondolctl.h"

namespace ondol::cli {
namespace {

// They write files and scripts, not documents.
const std::set<std::string> kNoDocument{"ondolctl cmdb export", "ondolctl completion bash",
                                        "ondolctl completion zsh", "ondolctl completion fish"};

bool is_control(const std::string& text, std::size_t at) {
  const auto byte = static_cast<unsigned char>(text[at]);
  const auto next = at + 1 < text.size() ? static_cast<unsigned char>(text[at + 1]) : 0U;
  return (byte < 0x20 && byte != '\n') || byte == 0x7f || (byte == 0xc2 && next >= 0x80 && next < 0xa0);
}

std::string first_control(const std::string& text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_control(text, i))
      return "byte " + std::to_string(static_cast<unsigned char>(text[i])) + " at " + std::to_string(i) +
             " of " + text;
  }
  return "";
}

struct Leaf {
  std::string path, arguments;  // "ondolctl host show", "h1"
};

struct EveryCommand : Ondolctl {
  void SetUp() override {
    std::ofstream(root_ / "in.csv") << "name\nh1\n";
    hostile_ = std::make_unique<HostileAdmin>(socket_);
  }
  std::string value_of(const manual::Option& option) const {
    const std::string name = option.names.empty() ? option.value : option.names.back();
    if (name == "DIRECTORY") return (root_ / "fleet").string();
    if (name == "FILE") return (root_ / "in.csv").string();
    if (name == "ID") return "7";
    if (option.words == manual::Words::kRevision) return "ab12";
    return "h1";
  }
  std::vector<Leaf> leaves() const {
    CLI::App app(kProgramText, "ondolctl");
    CommandLine line;
    add_commands(app, line);
    std::vector<Leaf> list;
    manual::walk(manual::describe(app), [&](const std::string& path, const manual::Command& command) {
      if (!command.commands.empty()) return;
      Leaf leaf{path, ""};
      for (const manual::Option& option : command.options) {
        if (!option.required) continue;
        leaf.arguments += " " + (option.names.empty() ? "" : option.names.back() + " ") + value_of(option);
      }
      if (path == "ondolctl drift watch") leaf.arguments += " --count 1";
      list.push_back(leaf);
    });
    return list;
  }
  Ran run_leaf(const Leaf& leaf, const std::string& options) {
    return run(leaf.path.substr(std::string("ondolctl ").size()) + leaf.arguments + " " + options);
  }

  std::unique_ptr<HostileAdmin> hostile_;
};

TEST_F(EveryCommand, answers_in_every_format_and_lets_no_control_character_through) {
  const std::vector<Leaf> all = leaves();
  EXPECT_GE(all.size(), 20U);
  for (const Leaf& leaf : all) {
    if (kNoDocument.contains(leaf.path)) continue;
    for (const char* format : {"table", "wide", "json", "yaml"}) {
      const Ran ran = run_leaf(leaf, std::string("-o ") + format);
      const std::string what = leaf.path + leaf.arguments + " -o " + format;
      EXPECT_NE(ran.exit_code, -1) << what << " was killed";
      EXPECT_NE(ran.out, "") << what << " says nothing; it says to standard error: " << ran.err;
      EXPECT_EQ(first_control(ran.out), "") << what;
      EXPECT_EQ(first_control(ran.err), "") << what;
      if (std::string(format) == "json") {
        EXPECT_TRUE(nlohmann::json::accept(ran.out)) << what << ": " << ran.out;
      }
    }
  }
}

TEST_F(EveryCommand, without_headers_a_table_has_the_same_lines_but_its_titles) {
  for (const Leaf& leaf : leaves()) {
    if (kNoDocument.contains(leaf.path)) continue;
    const std::string with = run_leaf(leaf, "").out;
    const Ran without = run_leaf(leaf, "--no-headers");
    const auto titles = [](const std::string& text) {
      std::size_t count = 0;
      for (const std::string title : {"HOST ", "KEY ", "TIME ", "PROBE ", "WHAT ", "TYPE "}) {
        if (text.starts_with(title) || text.find("\n" + title) != std::string::npos) ++count;
      }
      return count;
    };
    EXPECT_EQ(titles(without.out), 0U) << leaf.path << ": " << without.out;
    EXPECT_LE(without.out.size(), with.size()) << leaf.path;
  }
}

TEST_F(EveryCommand, has_help_that_names_it) {
  for (const Leaf& leaf : leaves()) {
    const Ran ran = run(leaf.path.substr(std::string("ondolctl ").size()) + " --help");
    EXPECT_EQ(ran.exit_code, 0) << leaf.path;
    EXPECT_NE(ran.out.find("Usage: " + leaf.path), std::string::npos) << ran.out;
  }
}

}  // namespace
}  // namespace ondol::cli
