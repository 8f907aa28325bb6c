// ondol-collector: starts a collector, tells systemd, waits for the end.
#include <signal.h>
#include <time.h>

#include <cstdio>

#include "collector/collector_process.h"
#include "common/journal/journal.h"
#include "common/loop/sd_notify.h"

namespace ondol::collector {
namespace {

constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr int kUsage = 2;
constexpr timespec kTurn{0, 500'000'000};

// Blocked in every thread, taken in the main loop.
sigset_t stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

// Pings only while shard and writer turn; a stuck one has systemd start us again.
class Watchdog {
 public:
  void look(CollectorProcess& process) {
    const auto now = std::chrono::steady_clock::now();
    if (!interval_ || now - pinged_ < *interval_) return;
    pinged_ = now;
    if (process.has_turned()) notify_watchdog();
  }

 private:
  std::optional<Milliseconds> interval_ = watchdog_interval();
  std::chrono::steady_clock::time_point pinged_{};
};

int serve(CollectorProcess& process) {
  const sigset_t signals = stop_signals();
  Watchdog watchdog;
  while (sigtimedwait(&signals, nullptr, &kTurn) < 0) {
    if (const auto turned = process.turn(); !turned) {
      journal::write(journal::Event::collector_failed, render(turned.error()));
      return kFailed;
    }
    watchdog.look(process);
  }
  return kDone;
}

int run(const CommandLine& line) {
  const sigset_t signals = stop_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  auto process = CollectorProcess::start(line.config, ONDOL_VERSION);
  if (!process) {
    journal::write(journal::Event::collector_failed, render(process.error()));
    return kFailed;
  }
  journal::write(journal::Event::collector_ready, (*process)->summary());
  notify_ready((*process)->summary());
  const int code = serve(**process);
  notify_stopping();
  journal::write(journal::Event::collector_stopping, code == kDone ? "asked to" : "after a failure");
  (*process)->stop();
  return code;
}

}  // namespace
}  // namespace ondol::collector

int main(int argc, char** argv) {
  using namespace ondol;
  const auto line = collector::parse_command_line(argc, argv);
  if (!line) {
    const bool help = line.error().code == Errc::kNotFound && line.error().where.empty();
    std::fprintf(help ? stdout : stderr, "%s\n", help ? line.error().message.c_str() : render(line.error()).c_str());
    return help ? collector::kDone : collector::kUsage;
  }
  if (line->version) {
    std::puts("ondol-collector " ONDOL_VERSION);
    return collector::kDone;
  }
  return collector::run(*line);
}
