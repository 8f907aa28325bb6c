// Writes the manual pages: from the command lines as the programs declare them, and from what is said beside
// them here. usage: ondol-make-pages FOLDER VERSION
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "agent/config/command_line.h"
#include "collector/cli/commands/commands.h"
#include "collector/config/collector_config.h"
#include "common/manual/describe.h"
#include "deploy/manual/config_keys.h"

namespace {

using namespace ondol::manual;

const Paragraphs kClientExit{
    "EXIT STATUS",
    {"0: done. 1: failed; of config apply and config progress: a host refused, undid or is blocked. "
     "2: wrong usage, or input that is wrong. 3: a difference is open (drift list --exit-code). "
     "4: the collector was not reached, or you may not ask it."}};
const Paragraphs kServerExit{
    "EXIT STATUS", {"0: done. 1: failed. 2: wrong usage, or a file that is wrong. 4: nobody was reached."}};

Page client_page() {
  return {1,
          "",
          {{"DESCRIPTION",
            {"Asks the collector on this machine, over its unix socket, and shows tables to people and JSON "
             "to programs. "
             "Every value comes with its age; what nobody observed is shown as unknown, never as zero.",
             "Lists take -o table, wide, json or yaml, and --no-headers. What came from a host is escaped "
             "before it reaches a terminal."}}},
          {{"EXAMPLES",
            {"What needs a person, first thing:", "  ondolctl status",
             "Store a change and stay with it:", "  ondolctl config apply fleet -m \"card network\"",
             "Who edited routes by hand:", "  ondolctl drift list --all --host pay-web-01"}},
           {"ENVIRONMENT",
            {"ONDOL_SOCKET is the admin socket. With NO_COLOR set and not empty, or TERM=dumb, there is no "
             "colour."}},
           {"FILES", {"/run/ondol/admin.sock: for root and members of the group ondol."}},
           kClientExit},
          {"ondol-collector(8)", "ondol-agent(8)"}};
}

Page server_page(const std::string& what, const std::string& file, std::vector<std::string> see_also) {
  return {8, "", {{"DESCRIPTION", {what}}}, {{"FILES", {file}}, kServerExit}, std::move(see_also)};
}

Page file_page(const std::string& what, std::vector<std::string> see_also) {
  return {5,
          "",
          {{"DESCRIPTION",
            {what,
             "Keys are written here with dots: metrics.listen is listen: below metrics:. Unknown keys, keys "
             "given twice and values out of bounds are errors that name file, line and column."}}},
          {},
          std::move(see_also)};
}

bool write(const std::filesystem::path& folder, const Command& command, Page page, const char* version) {
  page.version = version;
  std::ofstream file(folder / (command.name + "." + std::to_string(page.section)),
                     std::ios::binary | std::ios::trunc);
  file << render_man_page(command, page);
  file.close();
  return !file.fail();
}

Page page_of(const std::string& program) {
  const std::string agent_yaml =
      "/etc/ondol/agent.yaml: see ondol-agent.yaml(5). /etc/ondol/guard.yaml: see ondol-guard.yaml(5).";
  if (program == "ondol-undo") {
    return server_page(
        "Holds the undo of a change of intent that an agent tries, and does it at the deadline when the "
        "agent cannot. "
        "It is started by its socket, before the first change.",
        agent_yaml, {"ondol-agent(8)"});
  }
  if (program == "ondol-restore") {
    return server_page(
        "Puts the confirmed routes back at boot, with no collector, before anything else is asked.",
        agent_yaml, {"ondol-agent(8)"});
  }
  return server_page(
      "Observes this host, reports to the collector and keeps the confirmed state, also while the collector "
      "is away. "
      "Without a command it runs; the other commands ask the running agent, or do it themselves when none "
      "runs.",
      agent_yaml,
      {"ondolctl(1)", "ondol-agent.yaml(5)", "ondol-guard.yaml(5)", "ondol-undo(8)", "ondol-restore(8)"});
}

bool write_all(const std::filesystem::path& folder, const char* version) {
  bool good = true;
  CLI::App client(ondol::cli::kProgramText, "ondolctl");
  ondol::cli::CommandLine line;
  ondol::cli::add_commands(client, line);
  good &= write(folder, describe(client), client_page(), version);
  ondol::agent::show_command_lines(
      [&](const CLI::App& app) { good &= write(folder, describe(app), page_of(app.get_name()), version); });
  ondol::collector::show_command_line([&](const CLI::App& app) {
    const Page page = server_page(
        "Serves agents and operators: sessions, enrolment, the record, intent, drift and history.",
        "/etc/ondol/collector.yaml: see ondol-collector.yaml(5).",
        {"ondolctl(1)", "ondol-collector.yaml(5)"});
    good &= write(folder, describe(app), page, version);
  });
  good &=
      write(folder, agent_file(),
            file_page("A YAML file; every key is optional. Flags override it.", {"ondol-agent(8)"}), version);
  good &= write(folder, collector_file(),
                file_page("A YAML file; every key is optional. Flags override it.", {"ondol-collector(8)"}),
                version);
  good &= write(
      folder, guard_file(),
      file_page("A YAML file that belongs to root and that only root may write; every key is optional, and a "
                "host without the file has no limits of its own. A file that is wrong, or writable by "
                "others, switches remote apply off and keeps the last good protections.",
                {"ondol-agent(8)"}),
      version);
  return good;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: ondol-make-pages FOLDER VERSION\n");
    return 2;
  }
  std::error_code error;
  std::filesystem::create_directories(argv[1], error);
  if (!error && write_all(argv[1], argv[2])) return 0;
  std::fprintf(stderr, "ondol-make-pages: %s cannot be written\n", argv[1]);
  return 1;
}
