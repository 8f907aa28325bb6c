#include <algorithm>

#include "collector/cli/commands/admin_client.h"
#include "collector/cli/commands/commands.h"
#include "collector/cli/commands/output.h"
#include "collector/cli/render/status_view.h"
#include "collector/cli/render/time_text.h"
#include "common/loop/clocks.h"

namespace ondol::cli {
namespace {

constexpr int kVersionWaitSeconds = 2;

struct NoArguments {};

ExitCode status(const Options& options, const NoArguments&) {
  const auto reply = call_admin(options, &v1::Admin::Stub::GetStatus, v1::GetStatusRequest());
  if (!reply) return write_error(reply.error());
  write_document(collector_status(*reply, read_now().wall), options);
  return ExitCode::kDone;
}

// Works without a collector: its version is then unknown, which is no failure of this command.
ExitCode version(const Options& options, const NoArguments&) {
  Options brief = options;
  brief.timeout_seconds = std::min(options.timeout_seconds, kVersionWaitSeconds);
  const auto reply = call_admin(brief, &v1::Admin::Stub::GetStatus, v1::GetStatusRequest());
  const std::string collector = reply ? reply->version() : "";
  Section section;
  section.facts = {{"ondolctl", ONDOL_VERSION}, {"collector", collector.empty() ? "not reached" : collector}};
  write_document({{std::move(section)}, {{"ondolctl", ONDOL_VERSION}, {"collector", text_json(collector)}}}, options);
  return ExitCode::kDone;
}

}  // namespace

void add_status_commands(CLI::App& app, CommandLine& line) {
  const auto none = std::make_shared<NoArguments>();
  on_parsed(app.add_subcommand("status", "what needs a person first, with the next command; then hosts, intent, drift, store"), line, none, status);
  on_parsed(app.add_subcommand("version", "versions of ondolctl and of the collector"), line, none, version);
}

}  // namespace ondol::cli
