// ondol-preflight: says what a change of routes would cost, in a network namespace of its own. Touches no other.
#include <fmt/format.h>
#include <systemd/sd-daemon.h>

#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

#include "agent/preflight/scratch/serve.h"
#include "common/journal/journal.h"

namespace {

using namespace ondol;
using namespace ondol::preflight;

constexpr int kDone = 0, kFailed = 1, kUsage = 2;
constexpr std::chrono::seconds kIdle{30};  // the service manager starts it again when it is asked
constexpr std::string_view kHelp =
    "usage: ondol-preflight [--socket PATH]\n"
    "\n"
    "Answers the agent's questions about a change of routes before it is made: the host's network is\n"
    "re-created in an empty network namespace, the change is made there, and the kernel says what can\n"
    "still be reached. Started by systemd it takes the socket that it is given and leaves after 30 s\n"
    "without a question.\n"
    "\n"
    "  --socket PATH  listen here; moves to a network namespace of its own (needs root)\n"
    "  --version      print the version\n"
    "  --help         print this text\n";

// Refused in a namespace that somebody uses, whoever started it.
int run(const Result<int>& listener, bool is_given) {
  if (!listener) {
    fmt::print(stderr, "ondol-preflight: {}\n", render(listener.error()));
    return kFailed;
  }
  auto scratch = ScratchNamespace::enter(is_given);
  if (!scratch && is_given) refuse_one(*listener, scratch.error(), kIdle);
  const auto served = scratch ? serve(*listener, *scratch, is_given ? std::optional(kIdle) : std::nullopt)
                              : fail(scratch.error());
  if (served) return kDone;
  journal::write(journal::Event::preflight_failed, render(served.error()));
  return kFailed;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view option = argc > 1 ? argv[1] : "";
  if (argc == 2 && option == "--help") return fmt::print("{}", kHelp), kDone;
  if (argc == 2 && option == "--version") return fmt::print("ondol-preflight {}\n", ONDOL_VERSION), kDone;
  if (argc == 3 && option == "--socket") return run(open_listener(argv[2]), false);
  if (argc == 1 && sd_listen_fds(1) == 1) return run(SD_LISTEN_FDS_START, true);
  fmt::print(stderr, "{}", kHelp);
  return kUsage;
}
