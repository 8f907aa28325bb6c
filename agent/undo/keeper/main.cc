// ondol-undo: holds the undo of a trial, and does it when the agent that began it cannot.
#include <fmt/format.h>
#include <sys/mman.h>

#include <cstdio>

#include "agent/config/command_line.h"
#include "agent/undo/keeper/keeper.h"
#include "common/journal/journal.h"
#include "common/loop/sd_notify.h"

namespace {

using namespace ondol;

constexpr Milliseconds kIdle{60'000};  // the service manager starts it again when it is needed

Result<void> serve(const agent::UndoLine& line) {
  const int given = handed_over("undo");
  const auto listener = given >= 0 ? Result<int>(given) : undo::open_listener(line.socket);
  if (!listener) return fail(listener.error());
  // What is needed later is in memory now: the disk may be gone by then. Not allowed to: it is read again when needed.
  (void)::mlockall(MCL_CURRENT);
  undo::Keeper keeper(*listener, line.config, given >= 0 ? std::optional(kIdle) : std::nullopt);
  notify_ready("keeping");
  return keeper.run();
}

}  // namespace

int main(int argc, char** argv) {
  const auto line = agent::parse_undo_line(argc, argv);
  if (!line && line.error().code == Errc::kNotFound && line.error().where.empty()) {
    fmt::print("{}", line.error().message);
    return 0;
  }
  if (!line) {
    fmt::print(stderr, "ondol-undo: {}\n", render(line.error()));
    return 2;
  }
  if (const auto served = serve(*line); !served) {
    journal::write(journal::Event::undo_keeper_failed, render(served.error()));
    return 1;
  }
  return 0;
}
