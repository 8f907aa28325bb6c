// Questions about intent: explain, diff, history, and the schema of layer files.
#include "collector/cli/commands/admin_client.h"
#include "collector/cli/commands/commands.h"
#include "collector/cli/commands/moment.h"
#include "collector/cli/commands/output.h"
#include "collector/cli/render/intent_view.h"
#include "collector/cli/render/layer_schema.h"
#include "common/loop/clocks.h"

namespace ondol::cli {
namespace {

struct ExplainArguments {
  std::string host, key, revision, at;
};
struct DiffArguments {
  std::string from, to = "current";
  bool exit_code = false;
};
struct SchemaArguments {};
struct HistoryArguments {
  std::uint32_t limit = 20;
};

ExitCode explain(const Options& options, const ExplainArguments& arguments) {
  const WallTime now = read_now().wall;
  const auto revision = parse_revision(arguments.at.empty() ? arguments.revision : "@" + arguments.at, now);
  if (!revision) return write_error(revision.error());
  v1::ExplainConfigRequest request;
  request.set_host(arguments.host);
  request.set_key(arguments.key);
  *request.mutable_revision() = *revision;
  const auto reply = call_admin(options, &v1::Admin::Stub::ExplainConfig, request);
  if (!reply) return write_error(reply.error());
  write_document(config_explained(*reply, arguments.key, now), options);
  return ExitCode::kDone;
}

ExitCode diff(const Options& options, const DiffArguments& arguments) {
  const WallTime now = read_now().wall;
  v1::DiffConfigRequest request;
  const auto from = parse_revision(arguments.from, now);
  if (!from) return write_error(from.error());
  const auto to = parse_revision(arguments.to, now);
  if (!to) return write_error(to.error());
  *request.mutable_from() = *from;
  *request.mutable_to() = *to;
  const auto reply = call_admin(options, &v1::Admin::Stub::DiffConfig, request);
  if (!reply) return write_error(reply.error());
  write_document(config_compared(*reply, options.output == OutputFormat::kWide, now), options);
  return arguments.exit_code && reply->files_size() != 0 ? ExitCode::kDifference : ExitCode::kDone;
}

ExitCode history(const Options& options, const HistoryArguments& arguments) {
  v1::ListRevisionsRequest request;
  request.set_limit(arguments.limit);
  const auto reply = call_admin(options, &v1::Admin::Stub::ListRevisions, request);
  if (!reply) return write_error(reply.error());
  write_document(config_history(*reply, read_now().wall), options);
  return ExitCode::kDone;
}

// Needs no collector. A document for programs in every format: JSON unless YAML is asked for.
ExitCode schema(const Options& options, const SchemaArguments&) {
  Options plain = options;
  if (plain.output != OutputFormat::kYaml) plain.output = OutputFormat::kJson;
  write_document({{}, layer_schema()}, plain);
  return ExitCode::kDone;
}

void add_explain(CLI::App* config, CommandLine& line) {
  auto arguments = std::make_shared<ExplainArguments>();
  CLI::App* const command =
      config->add_subcommand("explain",
                             "why a host has what it has: file, line, revision and author of each value, "
                             "what it replaced, and why others are not in effect");
  command->add_option("host", arguments->host, "its name in the record")->required();
  command->add_option(
      "key", arguments->key,
      "a destination (10.20.0.0/16), mode.routes, routes.unlisted, vars.NAME, or the beginning of one");
  CLI::Option* const revision = command->add_option(
      "--revision", arguments->revision, "as of this one: previous, the first digits of one, or @TIME");
  command
      ->add_option("--at", arguments->at,
                   "as of a moment: 2026-11-20T10:02Z, 2026-11-20, or how long ago: 30m, 2h, 3d")
      ->excludes(revision);
  on_parsed(command, line, arguments, explain);
}

void add_diff_and_history(CLI::App* config, CommandLine& line) {
  auto diff_arguments = std::make_shared<DiffArguments>();
  CLI::App* const diff_command =
      config->add_subcommand("diff", "what two revisions differ in, file by file and for which hosts");
  diff_command
      ->add_option("from", diff_arguments->from,
                   "current, previous, the first digits of one, or @TIME: the one that was current then")
      ->required();
  diff_command->add_option("to", diff_arguments->to, "likewise")->capture_default_str();
  diff_command->add_flag("--exit-code", diff_arguments->exit_code, "exit with 3 when their files differ");
  on_parsed(diff_command, line, diff_arguments, diff);

  auto history_arguments = std::make_shared<HistoryArguments>();
  CLI::App* const history_command =
      config->add_subcommand("history", "what was committed, by whom and why, newest first");
  history_command->add_option("--limit", history_arguments->limit, "how many")
      ->check(CLI::Range(1, 1'000))
      ->capture_default_str();
  on_parsed(history_command, line, history_arguments, history);
}

}  // namespace

void add_config_questions(CLI::App* config, CommandLine& line) {
  add_explain(config, line);
  add_diff_and_history(config, line);
  on_parsed(config->add_subcommand("schema", "the JSON schema of layer files, for editors"), line,
            std::make_shared<SchemaArguments>(), schema);
}

}  // namespace ondol::cli
