// What changes intent, or says what it would change: check, plan, apply, rollback.
#include "collector/cli/commands/admin_client.h"
#include "collector/cli/commands/commands.h"
#include "collector/cli/commands/moment.h"
#include "collector/cli/commands/output.h"
#include "collector/cli/commands/progress_commands.h"
#include "collector/cli/commands/read_layers.h"
#include "collector/cli/render/collector_view.h"
#include "collector/cli/render/plan_view.h"
#include "common/loop/clocks.h"

namespace ondol::cli {
namespace {

struct CheckArguments {
  std::string directory;
};
struct PlanArguments {
  std::string directory;
  bool allow_mass_delete = false;
  bool exit_code = false;
};
struct ApplyArguments {
  std::string directory, message, plan;
  bool allow_mass_delete = false;
  bool show = false;
  WaitArguments waiting;
};
struct RollbackArguments {
  std::string revision, message, plan;
  bool allow_mass_delete = false;
  bool dry_run = false;
  bool show = false;
  WaitArguments waiting;
};

Result<v1::ConfigRequest> request_for(const std::string& directory) {
  auto layers = read_layers(directory);
  if (!layers) return fail(std::move(layers.error()));
  v1::ConfigRequest request;
  for (LayerSource& layer : *layers) {
    v1::LayerFile* const file = request.add_files();
    file->set_path(std::move(layer.path));
    file->set_content(std::move(layer.content));
  }
  return request;
}

bool is_wide(const Options& options) { return options.output == OutputFormat::kWide; }

ExitCode check(const Options& options, const CheckArguments& arguments) {
  const auto request = request_for(arguments.directory);
  if (!request) return write_error(request.error());
  const auto reply = call_admin(options, &v1::Admin::Stub::CheckConfig, *request);
  if (!reply) return write_error(reply.error());
  write_document(config_checked(*reply), options);
  return has_errors(*reply) ? ExitCode::kInvalid : ExitCode::kDone;
}

ExitCode plan(const Options& options, const PlanArguments& arguments) {
  auto request = request_for(arguments.directory);
  if (!request) return write_error(request.error());
  request->set_allow_mass_delete(arguments.allow_mass_delete);
  const auto reply = call_admin(options, &v1::Admin::Stub::PlanConfig, *request);
  if (!reply) return write_error(reply.error());
  write_document(config_planned(*reply, is_wide(options)), options);
  if (has_errors(*reply)) return ExitCode::kInvalid;
  return arguments.exit_code && reply->hosts_changed() != 0 ? ExitCode::kDifference : ExitCode::kDone;
}

// By itself it stays only where something begins; asked to, also for what was stored before.
ExitCode tell_stored(const Options& options, const AdminClient& client, const v1::ConfigReply& reply, const WaitArguments& waiting,
                     Document document) {
  const bool begins = reply.hosts_changed() > 0 || waiting.wait;
  if (!has_errors(reply) && begins && wants_wait(options, waiting)) {
    return follow_progress(options, client, reply.revision(), waiting, std::move(document));
  }
  write_document(document, options);
  return has_errors(reply) ? ExitCode::kInvalid : ExitCode::kDone;
}

ExitCode apply(const Options& options, const ApplyArguments& arguments) {
  auto request = request_for(arguments.directory);
  if (!request) return write_error(request.error());
  request->set_message(arguments.message);
  request->set_allow_mass_delete(arguments.allow_mass_delete);
  request->set_with_plan(arguments.show);
  request->set_bound_to(arguments.plan);
  const auto client = AdminClient::open(options);
  if (!client) return write_error(client.error());
  const auto reply = client->call(&v1::Admin::Stub::ApplyConfig, *request);
  if (!reply) return write_error(reply.error());
  Document document = arguments.show ? config_applied_with_plan(*reply, is_wide(options)) : config_applied(*reply);
  return tell_stored(options, *client, *reply, arguments.waiting, std::move(document));
}

ExitCode rollback(const Options& options, const RollbackArguments& arguments) {
  const auto to = parse_revision(arguments.revision, read_now().wall);
  if (!to) return write_error(to.error());
  v1::RollbackConfigRequest request;
  *request.mutable_to() = *to;
  request.set_message(arguments.message);
  request.set_allow_mass_delete(arguments.allow_mass_delete);
  request.set_dry_run(arguments.dry_run);
  request.set_with_plan(arguments.show);
  request.set_bound_to(arguments.plan);
  const auto client = AdminClient::open(options);
  if (!client) return write_error(client.error());
  const auto reply = client->call(&v1::Admin::Stub::RollbackConfig, request);
  if (!reply) return write_error(reply.error());
  const bool wide = is_wide(options);
  if (!arguments.dry_run) {
    return tell_stored(options, *client, *reply, arguments.waiting,
                       arguments.show ? config_applied_with_plan(*reply, wide) : config_applied(*reply));
  }
  write_document(config_planned(*reply, wide), options);
  return has_errors(*reply) ? ExitCode::kInvalid : ExitCode::kDone;
}

void add_directory(CLI::App* command, std::string& directory) {
  command->add_option("directory", directory, "the fleet directory that holds layers/")->required();
}
void add_mass_delete(CLI::App* command, bool& flag) {
  command->add_flag("--allow-mass-delete", flag, "let hosts delete more than 30 % of ten or more objects");
}

void add_check_and_plan(CLI::App* config, CommandLine& line) {
  auto check_arguments = std::make_shared<CheckArguments>();
  CLI::App* const check_command = config->add_subcommand(
      "check", "look at layers for every host; store nothing (gateways are judged by the layers: hosts do not report addresses)");
  add_directory(check_command, check_arguments->directory);
  on_parsed(check_command, line, check_arguments, check);

  auto plan_arguments = std::make_shared<PlanArguments>();
  CLI::App* const plan_command = config->add_subcommand(
      "plan", "what an apply would change: hosts with equal changes together, deletions and take-overs by name; store nothing");
  add_directory(plan_command, plan_arguments->directory);
  add_mass_delete(plan_command, plan_arguments->allow_mass_delete);
  plan_command->add_flag("--exit-code", plan_arguments->exit_code, "exit with 3 when a host would change");
  on_parsed(plan_command, line, plan_arguments, plan);
}

void add_apply_and_rollback(CLI::App* config, CommandLine& line) {
  auto apply_arguments = std::make_shared<ApplyArguments>();
  CLI::App* const apply_command = config->add_subcommand("apply", "store layers as a revision and send it to the hosts");
  add_directory(apply_command, apply_arguments->directory);
  apply_command->add_option("-m,--message", apply_arguments->message, "why");
  apply_command->add_option("--plan", apply_arguments->plan,
                            "only when layers, revision and record are still those of this plan, as `config plan` named it");
  apply_command->add_flag("--show", apply_arguments->show, "say what changes as `config plan` does");
  add_mass_delete(apply_command, apply_arguments->allow_mass_delete);
  add_wait_flags(apply_command, apply_arguments->waiting);
  on_parsed(apply_command, line, apply_arguments, apply);

  auto rollback_arguments = std::make_shared<RollbackArguments>();
  CLI::App* const rollback_command = config->add_subcommand(
      "rollback", "commit the layers of an older revision again; hosts get them as a new generation, with the checks of an apply");
  rollback_command->add_option("revision", rollback_arguments->revision,
                               "previous, the first digits of one, or @TIME: the one that was current then")->required();
  rollback_command->add_option("-m,--message", rollback_arguments->message, "why");
  rollback_command->add_flag("--dry-run", rollback_arguments->dry_run, "only say what would change");
  rollback_command->add_option(
      "--plan", rollback_arguments->plan,
      "only when revision and record are still those of this plan, as `--dry-run` named it");
  rollback_command->add_flag("--show", rollback_arguments->show, "say what changes as `config plan` does");
  add_mass_delete(rollback_command, rollback_arguments->allow_mass_delete);
  add_wait_flags(rollback_command, rollback_arguments->waiting);
  on_parsed(rollback_command, line, rollback_arguments, rollback);
}

}  // namespace

void add_config_commands(CLI::App& app, CommandLine& line) {
  CLI::App* const config = app.add_subcommand("config", "what the fleet's owners want, in layers");
  config->require_subcommand(1);
  add_check_and_plan(config, line);
  add_apply_and_rollback(config, line);
  add_config_questions(config, line);
  add_progress_command(*config, line);
}

}  // namespace ondol::cli
