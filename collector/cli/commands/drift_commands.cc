#include <fmt/format.h>

#include <algorithm>

#include "collector/cli/commands/admin_client.h"
#include "collector/cli/commands/commands.h"
#include "collector/cli/commands/output.h"
#include "collector/cli/render/drift_view.h"
#include "common/loop/clocks.h"

namespace ondol::cli {
namespace {

struct ListArguments {
  std::string selector, host, type;
  bool with_closed = false, exit_code = false;
  std::uint32_t limit = 1'000;
};
struct ShowArguments {
  std::uint64_t id = 0;
};
struct WatchArguments {
  std::string selector, host;
  std::uint64_t count = 0;  // 0 = until interrupted
};

bool is_open(const v1::Drift& drift) { return drift.closed_unix_ns() == 0; }

ExitCode list(const Options& options, const ListArguments& arguments) {
  v1::ListDriftRequest request;
  request.set_selector(arguments.selector);
  request.set_host(arguments.host);
  request.set_type(arguments.type);
  request.set_with_closed(arguments.with_closed);
  request.set_limit(arguments.limit);
  const auto reply = call_admin(options, &v1::Admin::Stub::ListDrift, request);
  if (!reply) return write_error(reply.error());
  write_document(drift_list(*reply, read_now().wall), options);
  const auto shown = static_cast<std::uint64_t>(reply->drifts_size());
  if (reply->total() > shown) write_note(fmt::format("{} of {} shown; see --limit", shown, reply->total()));
  const bool differs = std::ranges::any_of(reply->drifts(), is_open);
  return arguments.exit_code && differs ? ExitCode::kDifference : ExitCode::kDone;
}

ExitCode show(const Options& options, const ShowArguments& arguments) {
  v1::ShowDriftRequest request;
  request.set_id(arguments.id);
  const auto drift = call_admin(options, &v1::Admin::Stub::ShowDrift, request);
  if (!drift) return write_error(drift.error());
  write_document(drift_show(*drift, read_now().wall), options);
  return ExitCode::kDone;
}

ExitCode watch(const Options& options, const WatchArguments& arguments) {
  const auto client = AdminClient::open(options);
  if (!client) return write_error(client.error());
  v1::WatchDriftRequest request;
  request.set_selector(arguments.selector);
  request.set_host(arguments.host);
  std::uint64_t seen = 0;
  const auto take = [&](const v1::Drift& drift) {
    const WallTime now = read_now().wall;
    write_item(drift_line(drift, now), drift_json(drift, now), options);
    return ++seen != arguments.count;
  };
  const auto watched = client->watch_drift(request, take);
  return watched ? ExitCode::kDone : write_error(watched.error());
}

}  // namespace

void add_drift_commands(CLI::App& app, CommandLine& line) {
  CLI::App* const drift = app.add_subcommand("drift", "differences between what is wanted and what is, and who made them");
  drift->require_subcommand(1);

  auto list_arguments = std::make_shared<ListArguments>();
  CLI::App* const list_command = drift->add_subcommand("list", "open differences");
  add_selector(list_command, list_arguments->selector);
  list_command->add_option("--host", list_arguments->host, "of one host only");
  list_command->add_option("--type", list_arguments->type, "of one resource type only")->type_name("routes");
  list_command->add_flag("--all", list_arguments->with_closed, "closed ones as well, newest first");
  list_command->add_option("--limit", list_arguments->limit, "at most so many")->check(CLI::Range(1, 1'000));
  list_command->add_flag("--exit-code", list_arguments->exit_code, "exit with 3 when a difference is open");
  on_parsed(list_command, line, list_arguments, list);

  auto show_arguments = std::make_shared<ShowArguments>();
  CLI::App* const show_command = drift->add_subcommand("show", "one difference");
  show_command->add_option("id", show_arguments->id, "its number")->required();
  on_parsed(show_command, line, show_arguments, show);

  auto watch_arguments = std::make_shared<WatchArguments>();
  CLI::App* const watch_command = drift->add_subcommand("watch", "differences as they come and go");
  add_selector(watch_command, watch_arguments->selector);
  watch_command->add_option("--host", watch_arguments->host, "of one host only");
  watch_command->add_option("--count", watch_arguments->count, "stop after so many");
  on_parsed(watch_command, line, watch_arguments, watch);
}

}  // namespace ondol::cli
