#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "collector/cli/commands/admin_client.h"
#include "collector/cli/commands/commands.h"
#include "collector/cli/commands/output.h"
#include "collector/cli/render/collector_view.h"
#include "collector/cli/render/host_view.h"
#include "collector/cli/render/status_view.h"
#include "common/loop/clocks.h"

namespace ondol::cli {
namespace {

constexpr std::uint32_t kPageSize = 1'000;

const std::map<std::string, HostOrder> kOrders{
    {"trouble", HostOrder::kTrouble}, {"name", HostOrder::kName}, {"last-seen", HostOrder::kLastSeen}};

struct ListArguments {
  std::string selector;
  HostOrder order = HostOrder::kTrouble;
  std::vector<std::string> troubles;  // none = every host
  std::size_t limit = 0;              // 0 = none
};
struct ShowArguments {
  std::string host;
  bool with_routes = false;
};
struct HistoryArguments {
  std::string host;
  std::uint32_t limit = 100;
};

Result<std::vector<v1::HostSummary>> all_pages(const AdminClient& client, const std::string& selector) {
  std::vector<v1::HostSummary> hosts;
  v1::ListHostsRequest request;
  request.set_selector(selector);
  request.set_page_size(kPageSize);
  while (true) {
    auto page = client.call(&v1::Admin::Stub::ListHosts, request);
    if (!page) return fail(std::move(page.error()));
    for (v1::HostSummary& host : *page->mutable_hosts()) hosts.push_back(std::move(host));
    if (page->next_page().empty()) return hosts;
    if (page->next_page() == request.page_after()) return fail(Errc::kCorrupt, "the collector repeats a page of hosts");
    request.set_page_after(page->next_page());
  }
}

// Sorted here and not there: pages follow the names, so that a host that changes meanwhile is neither lost nor seen twice.
ExitCode list(const Options& options, const ListArguments& arguments) {
  const auto client = AdminClient::open(options);
  if (!client) return write_error(client.error());
  auto hosts = all_pages(*client, arguments.selector);
  if (!hosts) return write_error(hosts.error());
  if (!arguments.troubles.empty()) {
    std::erase_if(*hosts, [&](const auto& h) { return std::ranges::find(arguments.troubles, trouble_word(h.trouble())) == arguments.troubles.end(); });
  }
  sort_hosts(*hosts, arguments.order);
  const std::size_t all = hosts->size();
  if (arguments.limit > 0 && all > arguments.limit) hosts->resize(arguments.limit);
  write_document(host_list(*hosts, read_now().wall), options);
  if (hosts->size() < all) write_note(fmt::format("{} of {} shown; see --limit", hosts->size(), all));
  return ExitCode::kDone;
}

ExitCode show(const Options& options, const ShowArguments& arguments) {
  v1::ShowHostRequest request;
  request.set_host(arguments.host);
  request.set_with_routes(arguments.with_routes);
  const auto reply = call_admin(options, &v1::Admin::Stub::ShowHost, request);
  if (!reply) return write_error(reply.error());
  write_document(host_show(*reply, read_now().wall), options);
  return ExitCode::kDone;
}

ExitCode history(const Options& options, const HistoryArguments& arguments) {
  v1::HostHistoryRequest request;
  request.set_host(arguments.host);
  request.set_limit(arguments.limit);
  const auto reply = call_admin(options, &v1::Admin::Stub::HostHistory, request);
  if (!reply) return write_error(reply.error());
  write_document(host_history(*reply, read_now().wall), options);
  return ExitCode::kDone;
}

ExitCode revoke(const Options& options, const ShowArguments& arguments) {
  v1::RevokeHostRequest request;
  request.set_host(arguments.host);
  const auto reply = call_admin(options, &v1::Admin::Stub::RevokeHost, request);
  if (!reply) return write_error(reply.error());
  write_document(host_revoked(*reply, arguments.host), options);
  return ExitCode::kDone;
}

}  // namespace

void add_host_commands(CLI::App& app, CommandLine& line) {
  CLI::App* const host = app.add_subcommand("host", "hosts: what they are, what they do, how old that is");
  host->require_subcommand(1);

  auto list_arguments = std::make_shared<ListArguments>();
  CLI::App* const list_command = host->add_subcommand(
      "list", "all hosts with state, generation and drift; the worst first, in the order of --trouble");
  add_selector(list_command, list_arguments->selector);
  list_command
      ->add_option_function<std::string>(
          "--sort", [arguments = list_arguments.get()](const std::string& name) { arguments->order = kOrders.at(name); },
          "what comes first: trouble by default; last-seen: the longest unseen")
      ->check(CLI::IsMember({"trouble", "name", "last-seen"}).description(""))
      ->type_name("trouble|name|last-seen");
  list_command->add_option("--trouble", list_arguments->troubles, "only hosts with this trouble; several with commas between")
      ->delimiter(',')
      ->check(CLI::IsMember(trouble_words()).description(""))
      ->type_name(fmt::format("{}", fmt::join(trouble_words(), "|")));
  list_command->add_option("-n,--limit", list_arguments->limit, "at most so many")->check(CLI::Range(1, 1'000'000));
  on_parsed(list_command, line, list_arguments, list);

  auto show_arguments = std::make_shared<ShowArguments>();
  CLI::App* const show_command = host->add_subcommand("show", "one host");
  show_command->add_option("host", show_arguments->host, "its name")->required();
  show_command->add_flag("--routes", show_arguments->with_routes, "every compared route as well");
  on_parsed(show_command, line, show_arguments, show);

  auto history_arguments = std::make_shared<HistoryArguments>();
  CLI::App* const history_command = host->add_subcommand("history", "what happened on one host, newest first");
  history_command->add_option("host", history_arguments->host, "its name")->required();
  history_command->add_option("-n,--limit", history_arguments->limit, "events")->check(CLI::Range(1, 1'000));
  on_parsed(history_command, line, history_arguments, history);

  auto revoke_arguments = std::make_shared<ShowArguments>();
  CLI::App* const revoke_command = host->add_subcommand("revoke", "revoke its certificates; its stream ends in seconds");
  revoke_command->add_option("host", revoke_arguments->host, "its name")->required();
  on_parsed(revoke_command, line, revoke_arguments, revoke);
}

}  // namespace ondol::cli
