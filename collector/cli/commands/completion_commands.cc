#include <algorithm>

#include "collector/cli/commands/admin_client.h"
#include "collector/cli/commands/commands.h"
#include "collector/cli/commands/output.h"
#include "common/manual/describe.h"

namespace ondol::cli {
namespace {

constexpr int kWordsWaitSeconds = 2;       // a person waits behind the tab key
constexpr std::uint32_t kMostWords = 200;  // more are not chosen from but typed further
constexpr std::size_t kRevisionLetters = 12;

using Render = std::string (*)(const manual::Command&);
struct ScriptArguments {
  Render render = nullptr;
};
struct WordsArguments {
  std::string kind, prefix;
};

ExitCode print_script(const Options&, const ScriptArguments& arguments) {
  CLI::App app(kProgramText, "ondolctl");
  CommandLine line;
  add_commands(app, line);
  write_raw(arguments.render(manual::describe(app)));
  return ExitCode::kDone;
}

// The greatest text below every name that begins with `prefix`: names have no letters beyond '~'.
std::string just_before(std::string prefix) {
  if (prefix.empty()) return prefix;
  --prefix.back();
  return prefix + '\x7f';
}

std::vector<std::string> hosts_like(const Options& options, const std::string& prefix) {
  v1::ListHostsRequest request;
  request.set_page_after(just_before(prefix));
  request.set_page_size(kMostWords);
  const auto page = call_admin(options, &v1::Admin::Stub::ListHosts, request);
  std::vector<std::string> names;
  if (!page) return names;
  for (const v1::HostSummary& host : page->hosts()) names.push_back(host.record().name());
  return names;
}

std::vector<std::string> revisions_like(const Options& options) {
  v1::ListRevisionsRequest request;
  request.set_limit(kMostWords);
  const auto reply = call_admin(options, &v1::Admin::Stub::ListRevisions, request);
  std::vector<std::string> revisions;
  if (!reply) return revisions;
  for (const v1::RevisionInfo& commit : reply->revisions()) {
    std::string revision = commit.id().substr(0, kRevisionLetters);  // it may have been committed several times
    if (std::ranges::find(revisions, revision) == revisions.end()) revisions.push_back(std::move(revision));
  }
  return revisions;
}

// For the scripts: no word is no failure, and nothing is said that would land on the line that is being
// typed.
ExitCode print_words(const Options& options, const WordsArguments& arguments) {
  Options brief = options;
  brief.timeout_seconds = std::min(options.timeout_seconds, kWordsWaitSeconds);
  const auto words = arguments.kind == "hosts" ? hosts_like(brief, arguments.prefix) : revisions_like(brief);
  std::string text;
  for (const std::string& word : words) {
    if (word.starts_with(arguments.prefix)) text += word + "\n";
  }
  write_raw(text);
  return ExitCode::kDone;
}

}  // namespace

void add_completion_commands(CLI::App& app, CommandLine& line) {
  CLI::App* const completion = app.add_subcommand("completion", "completion scripts for shells");
  completion->require_subcommand(1);
  const auto add = [&](const char* shell, const char* text, Render render) {
    on_parsed(completion->add_subcommand(shell, text), line,
              std::make_shared<ScriptArguments>(ScriptArguments{render}), print_script);
  };
  add("bash", "for ~/.bashrc: source <(ondolctl completion bash)", manual::render_bash);
  add("zsh", "for ~/.zshrc, after compinit: source <(ondolctl completion zsh)", manual::render_zsh);
  add("fish", "for ~/.config/fish/config.fish: ondolctl completion fish | source", manual::render_fish);

  auto arguments = std::make_shared<WordsArguments>();
  CLI::App* const words = completion->add_subcommand("words", "what the scripts ask for")->group("");
  words->add_option("kind", arguments->kind, "hosts or revisions")
      ->required()
      ->check(CLI::IsMember({"hosts", "revisions"}));
  words->add_option("prefix", arguments->prefix, "how they begin");
  on_parsed(words, line, arguments, print_words);
}

}  // namespace ondol::cli
