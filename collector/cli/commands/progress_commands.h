// Stays with a change of intent until nothing goes on by itself any more, and tells how it came out.
#pragma once

#include <string>

#include "collector/cli/commands/admin_client.h"
#include "collector/cli/render/document.h"

namespace ondol::cli {

// Whether to stay, as flags say it; neither flag: only for a person at a terminal.
struct WaitArguments {
  bool wait = false, no_wait = false;
  int deadline_seconds = 0;  // 0 = none
};
void add_wait_flags(CLI::App* command, WaitArguments& arguments);
bool wants_wait(const Options& options, const WaitArguments& arguments);

// Writes `document` (at once as text, at the end with "progress" in it for programs) and follows `revision`;
// empty = every host. Interrupted or past the deadline the change goes on, which is said. kDone = every host
// that can be reached applied it; kUnreachable = the collector went away for good.
ExitCode follow_progress(const Options& options, const AdminClient& client, const std::string& revision,
                         const WaitArguments& arguments, Document document);

// config progress [REVISION]
void add_progress_command(CLI::App& config, CommandLine& line);

}  // namespace ondol::cli
