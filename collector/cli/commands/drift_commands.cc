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

constexpr std::uint32_t kPageSize = 1'000;

struct Listed {
  v1::ListDriftReply reply;
  bool more = false;  // than the limit
};

Result<Listed> all_pages(const AdminClient& client, v1::ListDriftRequest request, std::uint32_t limit) {
  Listed listed;
  while (true) {
    const auto have = static_cast<std::uint32_t>(listed.reply.drifts_size());
    request.set_limit(std::min(kPageSize, limit - have));
    auto page = client.call(&v1::Admin::Stub::ListDrift, request);
    if (!page) return fail(std::move(page.error()));
    for (v1::Drift& drift : *page->mutable_drifts()) listed.reply.add_drifts()->Swap(&drift);
    if (page->next_below() == 0) return listed;
    if (request.below() != 0 && page->next_below() >= request.below()) return fail(Errc::kCorrupt, "the collector repeats a page of drift");
    listed.more = static_cast<std::uint32_t>(listed.reply.drifts_size()) >= limit;
    if (listed.more) return listed;
    request.set_below(page->next_below());
  }
}

ExitCode list(const Options& options, const ListArguments& arguments) {
  v1::ListDriftRequest request;
  request.set_selector(arguments.selector);
  request.set_host(arguments.host);
  request.set_type(arguments.type);
  request.set_with_closed(arguments.with_closed);
  const auto client = AdminClient::open(options);
  if (!client) return write_error(client.error());
  const auto listed = all_pages(*client, std::move(request), arguments.limit);
  if (!listed) return write_error(listed.error());
  write_document(drift_list(listed->reply, read_now().wall), options);
  if (listed->more) write_note(fmt::format("the newest {} are shown, there are more; see --limit", arguments.limit));
  const bool differs = std::ranges::any_of(listed->reply.drifts(), is_open);
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
  list_command->add_option("--limit", list_arguments->limit, "at most so many, the newest")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
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
