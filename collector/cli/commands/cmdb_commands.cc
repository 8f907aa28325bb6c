#include <fmt/format.h>

#include <cstdio>
#include <fstream>

#include "collector/cli/commands/admin_client.h"
#include "collector/cli/commands/commands.h"
#include "collector/cli/commands/output.h"
#include "collector/cli/commands/read_layers.h"
#include "collector/cli/render/collector_view.h"

namespace ondol::cli {
namespace {

constexpr std::size_t kMostCsvBytes = 60 << 20;

struct ImportArguments {
  std::string file;
  bool dry_run = false;
};
struct ExportArguments {
  std::string file, selector;
};
struct ShowArguments {
  std::string host;
};

ExitCode import_records(const Options& options, const ImportArguments& arguments) {
  auto csv = read_bounded(arguments.file, kMostCsvBytes);
  if (!csv) return write_error(csv.error());
  v1::ImportCmdbRequest request;
  request.set_csv(std::move(*csv));
  request.set_dry_run(arguments.dry_run);
  const auto reply = call_admin(options, &v1::Admin::Stub::ImportCmdb, request);
  if (!reply) return write_error(reply.error());
  write_document(cmdb_imported(*reply, arguments.dry_run), options);
  return reply->errors_size() > 0 ? ExitCode::kInvalid : ExitCode::kDone;
}

Result<void> write_file(const std::string& path, const std::string& content) {
  if (path == "-") {
    const bool written = std::fwrite(content.data(), 1, content.size(), stdout) == content.size();
    if (!written || std::fflush(stdout) != 0) return fail(Errc::kIo, "cannot be written", "standard output");
    return {};
  }
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << content;
  file.close();
  if (!file) return fail(Errc::kIo, "cannot be written", path, "check the folder, its mode and the space left");
  return {};
}

ExitCode export_records(const Options& options, const ExportArguments& arguments) {
  v1::ExportCmdbRequest request;
  request.set_selector(arguments.selector);
  const auto reply = call_admin(options, &v1::Admin::Stub::ExportCmdb, request);
  if (!reply) return write_error(reply.error());
  const auto written = write_file(arguments.file, reply->csv());
  return written ? ExitCode::kDone : write_error(written.error());
}

ExitCode show(const Options& options, const ShowArguments& arguments) {
  v1::ShowRecordRequest request;
  request.set_host(arguments.host);
  const auto record = call_admin(options, &v1::Admin::Stub::ShowRecord, request);
  if (!record) return write_error(record.error());
  write_document(record_shown(*record), options);
  return ExitCode::kDone;
}

}  // namespace

void add_cmdb_commands(CLI::App& app, CommandLine& line) {
  CLI::App* const cmdb = app.add_subcommand("cmdb", "the record of the fleet");
  cmdb->require_subcommand(1);

  auto import_arguments = std::make_shared<ImportArguments>();
  CLI::App* const import_command = cmdb->add_subcommand("import", "take hosts from a CSV; any error stores nothing");
  import_command->add_option("file", import_arguments->file, "CSV file, - for standard input")->required();
  import_command->add_flag("--dry-run", import_arguments->dry_run, "only say what would change");
  on_parsed(import_command, line, import_arguments, import_records);

  auto export_arguments = std::make_shared<ExportArguments>();
  CLI::App* const export_command = cmdb->add_subcommand("export", "write hosts as a CSV that import takes");
  export_command->add_option("file", export_arguments->file, "CSV file, - for standard output")->required();
  add_selector(export_command, export_arguments->selector);
  on_parsed(export_command, line, export_arguments, export_records);

  auto show_arguments = std::make_shared<ShowArguments>();
  CLI::App* const show_command = cmdb->add_subcommand("show", "one host's record");
  show_command->add_option("host", show_arguments->host, "its name")->required();
  on_parsed(show_command, line, show_arguments, show);
}

}  // namespace ondol::cli
