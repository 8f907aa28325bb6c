#include "collector/cli/commands/progress_commands.h"

#include <fmt/format.h>
#include <poll.h>

#include <csignal>

#include "collector/cli/commands/output.h"
#include "collector/cli/render/progress_view.h"
#include "common/loop/clocks.h"

namespace ondol::cli {
namespace {

constexpr Milliseconds kPollInterval{500};
constexpr Seconds kPlainInterval{2};       // between lines in a pipe
constexpr Seconds kCollectorPatience{60};  // a collector that restarts is back by then
constexpr std::size_t kShownStragglers = 8;
constexpr std::uint32_t kAskedStragglers = 20;

struct ProgressArguments {
  std::string revision;
  WaitArguments waiting;
};

volatile std::sig_atomic_t interrupted = 0;

// While it lives, the first Ctrl-C only sets `interrupted`; the second one ends the program.
class InterruptCatcher {
 public:
  InterruptCatcher() {
    interrupted = 0;
    struct sigaction action {};
    action.sa_handler = [](int) { interrupted = 1; };
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    sigaction(SIGINT, &action, &before_);
  }
  ~InterruptCatcher() { sigaction(SIGINT, &before_, nullptr); }
  InterruptCatcher(const InterruptCatcher&) = delete;
  InterruptCatcher& operator=(const InterruptCatcher&) = delete;

 private:
  struct sigaction before_ {};
};

bool is_text(const Options& options) {
  return options.output == OutputFormat::kTable || options.output == OutputFormat::kWide;
}

Result<v1::Progress> ask(const AdminClient& client, const std::string& revision) {
  v1::GetProgressRequest request;
  request.set_revision(revision);
  request.set_stragglers(kAskedStragglers);
  return client.call(&v1::Admin::Stub::GetProgress, request);
}

// Shows the meter while it moves: drawn over on a terminal, a line now and then in a pipe, nothing for
// programs.
class Display {
 public:
  explicit Display(const Options& options) : text_(is_text(options)), live_(text_ && is_terminal()) {}

  void show(const ProgressMeter& meter, const Now& now) {
    if (live_) return lines_.draw(progress_lines(meter, now.wall, kShownStragglers, terminal_width() - 1));
    const std::string line = progress_line(meter);
    const bool due = now.boot - written_ >= kPlainInterval && meter.changed_at() != told_;
    if (!text_ || (written_ != BootTime{} && !due)) return;
    write_item(line, {}, {});
    written_ = now.boot;
    told_ = meter.changed_at();
  }
  void end() { lines_.erase(); }

 private:
  bool text_, live_;
  LiveLines lines_;
  BootTime written_{}, told_{};
};

enum class End { kOver, kInterrupted, kDeadline, kCollectorGone };

struct Followed {
  End end = End::kOver;
  Error error;  // of the collector
};

// A collector that stops cancels what it is asked, and then is not there for a moment.
bool may_pass(const Error& error) { return error.code == Errc::kUnavailable || error.code == Errc::kInterrupted; }

Followed follow(const AdminClient& client, const std::string& revision, Seconds deadline, Display& display,
                ProgressMeter& meter) {
  const InterruptCatcher catcher;
  const BootTime began = read_now().boot;
  BootTime answered = began;
  while (true) {
    auto progress = ask(client, revision);
    const Now now = read_now();
    if (progress) {
      answered = now.boot;
      meter.note(*std::move(progress), now.boot);
      if (meter.is_over(now.boot)) return {End::kOver, {}};
      display.show(meter, now);
    } else if (!may_pass(progress.error()) || now.boot - answered >= kCollectorPatience) {
      return {End::kCollectorGone, std::move(progress.error())};
    }
    if (deadline > Seconds{} && now.boot - began >= deadline) return {End::kDeadline, {}};
    if (interrupted == 0)
      poll(nullptr, 0, static_cast<int>(kPollInterval.count()));  // a signal ends it early
    if (interrupted != 0) return {End::kInterrupted, {}};
  }
}

// What the change is called in the next command.
std::string again(const std::string& revision) {
  return "`ondolctl config progress" + (revision.empty() ? "" : " " + revision.substr(0, 12)) + "`";
}

ExitCode tell_end(const Followed& followed, const ProgressMeter& meter, const std::string& revision) {
  switch (followed.end) {
    case End::kOver:
      return meter.is_good() ? ExitCode::kDone : ExitCode::kFailed;
    case End::kInterrupted:
      write_note("interrupted: the change goes on without you; look again with " + again(revision));
      return ExitCode::kFailed;
    case End::kDeadline:
      write_note("not over at the deadline: the change goes on; look again with " + again(revision));
      return ExitCode::kFailed;
    case End::kCollectorGone: {
      const ExitCode code = write_error(followed.error);
      write_note(
          "what was stored stays stored: when the collector is back, the change goes on; look again with " +
          again(revision));
      return code;
    }
  }
  return ExitCode::kFailed;
}

ExitCode show_progress(const Options& options, const ProgressArguments& arguments) {
  const auto client = AdminClient::open(options);
  if (!client) return write_error(client.error());
  auto progress = ask(*client, arguments.revision);
  if (!progress) return write_error(progress.error());
  if (progress->hosts() == 0 && !arguments.revision.empty()) {
    return write_error({Errc::kNotFound, "no host has its intent from a revision that begins so",
                        arguments.revision, "leave the revision out to see every host"});
  }
  if (wants_wait(options, arguments.waiting))
    return follow_progress(options, *client, arguments.revision, arguments.waiting, {});
  ProgressMeter meter;
  const Now now = read_now();
  meter.note(*std::move(progress), now.boot);
  write_document({{progress_section(meter, now.wall)}, progress_json(meter.last())}, options);
  return meter.is_over(now.boot) && meter.is_good() ? ExitCode::kDone : ExitCode::kFailed;
}

}  // namespace

void add_wait_flags(CLI::App* command, WaitArguments& arguments) {
  CLI::Option* const wait = command->add_flag(
      "--wait,--watch", arguments.wait,
      "stay until nothing goes on by itself any more (the default on a terminal); exit with 0 "
      "only when every host that can be reached applied it");
  CLI::Option* const no_wait =
      command->add_flag("--no-wait", arguments.no_wait, "come back at once (the default in a pipe)");
  no_wait->excludes(wait);
  command
      ->add_option("--deadline", arguments.deadline_seconds,
                   "stay at most so many seconds; the change goes on")
      ->check(CLI::Range(1, 86'400))
      ->excludes(no_wait);
}

bool wants_wait(const Options& options, const WaitArguments& arguments) {
  if (arguments.no_wait) return false;
  return arguments.wait || arguments.deadline_seconds > 0 || (is_text(options) && is_terminal());
}

ExitCode follow_progress(const Options& options, const AdminClient& client, const std::string& revision,
                         const WaitArguments& arguments, Document document) {
  const bool text = is_text(options);
  if (text && !document.sections.empty()) write_document(document, options);
  Display display(options);
  ProgressMeter meter;
  const Followed followed = follow(client, revision, Seconds{arguments.deadline_seconds}, display, meter);
  display.end();
  Json json = std::move(document.json);
  json.is_object() ? json["progress"] = progress_json(meter.last()) : json = progress_json(meter.last());
  write_document({{progress_section(meter, read_now().wall)}, std::move(json)}, options);
  return tell_end(followed, meter, revision);
}

void add_progress_command(CLI::App& config, CommandLine& line) {
  auto arguments = std::make_shared<ProgressArguments>();
  CLI::App* const command =
      config.add_subcommand("progress", "how far the hosts are with a revision, and who lags behind why");
  command->add_option("revision", arguments->revision, "or how it begins; every host when it is left out");
  add_wait_flags(command, arguments->waiting);
  on_parsed(command, line, arguments, show_progress);
}

}  // namespace ondol::cli
