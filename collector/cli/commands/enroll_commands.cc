#include <fmt/format.h>

#include "collector/cli/commands/admin_client.h"
#include "collector/cli/commands/commands.h"
#include "collector/cli/commands/output.h"
#include "collector/cli/render/collector_view.h"
#include "common/loop/clocks.h"

namespace ondol::cli {
namespace {

struct TokenArguments {
  std::string host;
};

// The token alone goes to standard output, so that a script can pass it on.
ExitCode create_token(const Options& options, const TokenArguments& arguments) {
  v1::CreateTokenRequest request;
  request.set_host(arguments.host);
  const auto reply = call_admin(options, &v1::Admin::Stub::CreateToken, request);
  if (!reply) return write_error(reply.error());
  write_document(token_created(*reply, arguments.host, read_now().wall), options);
  write_note(fmt::format("for {} only, once, until {}; on that host: ondol-agent enroll --token TOKEN", arguments.host,
                         render(wall_from_unix_ns(reply->expires_unix_ns()))));
  return ExitCode::kDone;
}

}  // namespace

void add_enroll_commands(CLI::App& app, CommandLine& line) {
  CLI::App* const enroll = app.add_subcommand("enroll", "how hosts get their identity");
  enroll->require_subcommand(1);
  CLI::App* const token = enroll->add_subcommand("token", "one-use tokens");
  token->require_subcommand(1);
  auto arguments = std::make_shared<TokenArguments>();
  CLI::App* const create = token->add_subcommand("create", "a token for one host of the record");
  create->add_option("--host", arguments->host, "its name in the record")->required();
  on_parsed(create, line, arguments, create_token);
}

}  // namespace ondol::cli
