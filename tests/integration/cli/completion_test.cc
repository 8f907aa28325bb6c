// The completion scripts, sourced by the real shells: what is offered where.
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "tests/integration/cli/ondolctl.h"

namespace ondol::cli {
namespace {

using Words = std::vector<std::string>;

class Completion : public Ondolctl, public testing::WithParamInterface<const char*> {
 protected:
  // What the shell offers for the last word of the line.
  Words offered(const Words& line) {
    std::ofstream(root_ / "script") << script(line);
    const std::string shell = GetParam();
    const std::string flags = shell == "bash" ? "--norc" : shell == "zsh" ? "-f" : "--no-config";
    const std::string command = "env HOME=" + root_.string() + " PATH=" + ONDOL_BINARY_DIR +
                                "/bin:/usr/bin:/bin ONDOL_SOCKET=" + socket_.string() + " " + shell + " " +
                                flags + " " + (root_ / "script").string() + " >" + (root_ / "out").string() +
                                " 2>" + (root_ / "err").string() + " </dev/null";
    const int status = std::system(command.c_str());
    EXPECT_EQ(status, 0) << shell << ": " << content_of(root_ / "err");
    std::istringstream out(content_of(root_ / "out"));
    Words words;
    for (std::string word; std::getline(out, word);) {
      if (!word.empty()) words.push_back(word);
    }
    std::sort(words.begin(), words.end());
    return words;
  }
  bool offers(const Words& line, const std::string& word) {
    const Words words = offered(line);
    return std::find(words.begin(), words.end(), word) != words.end();
  }

 private:
  static std::string joined(const Words& line) {
    std::string text;
    for (const std::string& word : line) text += " '" + word + "'";
    return text;
  }
  static std::string script(const Words& line) {
    const std::string shell = GetParam();
    if (shell == "bash") {
      return "compopt() { :; }\nsource <(ondolctl completion bash) || exit 9\ncomplete -p ondolctl "
             ">/dev/null || exit 8\n"
             "COMP_WORDS=(" +
             joined(line) + ")\nCOMP_CWORD=" + std::to_string(line.size() - 1) +
             "\n_ondolctl\nprintf '%s\\n' \"${COMPREPLY[@]}\"\n";
    }
    if (shell == "zsh") {
      // Only zsh's own two collectors are replaced: they work in the line editor alone.
      return "autoload -Uz compinit && compinit -D -u\nsource <(ondolctl completion zsh) || exit 9\n(( "
             "$+_comps[ondolctl] )) || exit 8\n"
             "compadd() { local word; for word in \"$@\"; do [[ $word == -- ]] || [[ $word != $PREFIX* ]] || "
             "print -r -- $word; done }\n"
             "_describe() { local item; for item in ${(P)2}; do [[ ${item%%:*} != $PREFIX* ]] || print -r -- "
             "${item%%:*}; done }\n"
             "_files() { print -r -- FILES $@ }\n"
             "words=(" +
             joined(line) + ")\nCURRENT=" + std::to_string(line.size()) +
             "\nPREFIX=${words[-1]}\n_ondolctl\nexit 0\n";
    }
    std::string text;
    for (const std::string& word : line) text += (text.empty() ? "" : " ") + word;
    return "ondolctl completion fish | source; or exit 9\ncomplete -C '" + text +
           "' | string replace -r '\\t.*' ''\nexit 0\n";
  }
};

TEST_P(Completion, nouns_then_verbs) {
  EXPECT_TRUE(offers({"ondolctl", "h"}, "host"));
  const Words verbs = offered({"ondolctl", "host", ""});
  EXPECT_EQ(verbs, (Words{"history", "list", "revoke", "show"}));
  EXPECT_TRUE(offers({"ondolctl", "enroll", "token", ""}, "create"));
}

TEST_P(Completion, the_options_of_a_verb_and_those_that_all_share) {
  EXPECT_TRUE(offers({"ondolctl", "host", "list", "--so"}, "--sort"));
  EXPECT_TRUE(offers({"ondolctl", "host", "list", "--ou"}, "--output"));
  EXPECT_FALSE(offers({"ondolctl", "host", "show", "--so"}, "--sort"));
  EXPECT_TRUE(offers({"ondolctl", "config", "apply", "--no-w"}, "--no-wait"));
}

TEST_P(Completion, the_choices_of_an_option_also_behind_other_words) {
  EXPECT_EQ(offered({"ondolctl", "host", "list", "--sort", ""}), (Words{"last-seen", "name", "trouble"}));
  EXPECT_EQ(offered({"ondolctl", "-o", ""}), (Words{"json", "table", "wide", "yaml"}));
  EXPECT_EQ(offered({"ondolctl", "-o", "json", "drift", "list", "-o", "w"}), Words{"wide"});
}

TEST_P(Completion, hosts_by_asking_the_collector_and_only_those_that_begin_so) {
  start();
  v1::ListHostsReply hosts;
  for (const char* name : {"pay-db-01", "pay-web-01", "pay-web-02"})
    hosts.add_hosts()->mutable_record()->set_name(name);
  admin_->serve_hosts(std::vector<v1::ListHostsReply>(20, hosts));
  EXPECT_EQ(offered({"ondolctl", "host", "show", "pay-web"}), (Words{"pay-web-01", "pay-web-02"}));
  EXPECT_EQ(admin_->asked_hosts.page_after(), "pay-wea\x7f");
  EXPECT_EQ(admin_->asked_hosts.page_size(), 200u);
  EXPECT_EQ(offered({"ondolctl", "drift", "list", "--host", "pay-d"}), Words{"pay-db-01"});
}

TEST_P(Completion, revisions_once_each) {
  start();
  for (const char* id : {"ab12cd34ef56ab12", "ab12cd34ef56ab12", "0011223344556677"})
    admin_->revisions.add_revisions()->set_id(id);
  EXPECT_EQ(offered({"ondolctl", "config", "progress", ""}), (Words{"001122334455", "ab12cd34ef56"}));
  EXPECT_EQ(offered({"ondolctl", "config", "progress", "ab"}), Words{"ab12cd34ef56"});
}

TEST_P(Completion, without_a_collector_nothing_is_offered_and_nothing_is_said) {
  EXPECT_TRUE(offered({"ondolctl", "host", "show", ""}).empty());
}

INSTANTIATE_TEST_SUITE_P(Shells, Completion, testing::Values("bash", "zsh", "fish"),
                         [](const auto& shell) { return std::string(shell.param); });

}  // namespace
}  // namespace ondol::cli
