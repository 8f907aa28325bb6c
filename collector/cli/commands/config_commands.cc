#include "collector/cli/commands/admin_client.h"
#include "collector/cli/commands/commands.h"
#include "collector/cli/commands/output.h"
#include "collector/cli/commands/read_layers.h"
#include "collector/cli/render/collector_view.h"

namespace ondol::cli {
namespace {

struct CheckArguments {
  std::string directory;
};
struct ApplyArguments {
  std::string directory, message;
  bool allow_mass_delete = false;
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

ExitCode check(const Options& options, const CheckArguments& arguments) {
  const auto request = request_for(arguments.directory);
  if (!request) return write_error(request.error());
  const auto reply = call_admin(options, &v1::Admin::Stub::CheckConfig, *request);
  if (!reply) return write_error(reply.error());
  write_document(config_checked(*reply), options);
  return has_errors(*reply) ? ExitCode::kInvalid : ExitCode::kDone;
}

ExitCode apply(const Options& options, const ApplyArguments& arguments) {
  auto request = request_for(arguments.directory);
  if (!request) return write_error(request.error());
  request->set_message(arguments.message);
  request->set_allow_mass_delete(arguments.allow_mass_delete);
  const auto reply = call_admin(options, &v1::Admin::Stub::ApplyConfig, *request);
  if (!reply) return write_error(reply.error());
  write_document(config_applied(*reply), options);
  return has_errors(*reply) ? ExitCode::kInvalid : ExitCode::kDone;
}

}  // namespace

void add_config_commands(CLI::App& app, CommandLine& line) {
  CLI::App* const config = app.add_subcommand("config", "what the fleet's owners want, in layers");
  config->require_subcommand(1);

  auto check_arguments = std::make_shared<CheckArguments>();
  CLI::App* const check_command = config->add_subcommand(
      "check", "look at layers for every host; store nothing (gateways are judged by the layers: hosts do not report addresses)");
  check_command->add_option("directory", check_arguments->directory, "the fleet directory that holds layers/")->required();
  on_parsed(check_command, line, check_arguments, check);

  auto apply_arguments = std::make_shared<ApplyArguments>();
  CLI::App* const apply_command = config->add_subcommand("apply", "store layers as a revision and send it to the hosts");
  apply_command->add_option("directory", apply_arguments->directory, "the fleet directory that holds layers/")->required();
  apply_command->add_option("-m,--message", apply_arguments->message, "why");
  apply_command->add_flag("--allow-mass-delete", apply_arguments->allow_mass_delete,
                          "let hosts delete more than 30 % of ten or more objects");
  on_parsed(apply_command, line, apply_arguments, apply);
}

}  // namespace ondol::cli
