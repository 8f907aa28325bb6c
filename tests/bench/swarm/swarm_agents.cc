// A swarm of simulated hosts, told what to do by lines on stdin, each answered by one line of JSON on stdout:
//   swarm_agents FLEET_DIR ADDRESS:PORT
//   connect FIRST COUNT [deaf]   all at once; answered when all are welcome, or after 300 s
//   drop FIRST COUNT             answered when their streams have ended
//   beat MS [answered]           heartbeats of all that are welcome now, evenly spread; 0 stops them
//   reset                        counts and delays start afresh
//   counts                       what was counted, delays of answered heartbeats
//   watch GENERATION COUNT       answered when so many hosts run it; times are CLOCK_MONOTONIC seconds
//   welcome COUNT                answered when so many hosts are welcome
//   quit
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <sstream>

#include "tests/bench/swarm/swarm.h"

namespace ondol::bench {
namespace {

constexpr Seconds kPatience{300};

double seconds_of(Clock::time_point at) {
  return std::chrono::duration<double>(at.time_since_epoch()).count();
}

// At 50, 90, 99 and 100 %.
template <typename T>
std::vector<T> quantiles(std::vector<T> values) {
  if (values.empty()) return {};
  std::sort(values.begin(), values.end());
  std::vector<T> out;
  for (const std::size_t percent : {50, 90, 99, 100})
    out.push_back(values[(values.size() - 1) * percent / 100]);
  return out;
}

std::string render_times(const std::vector<Clock::time_point>& times) {
  std::vector<double> seconds;
  for (const auto at : quantiles(times)) seconds.push_back(seconds_of(at));
  return fmt::format("[{:.6f}]", fmt::join(seconds, ","));
}

class Console {
 public:
  explicit Console(Swarm& swarm) : swarm_(swarm) {}

  // False when told to quit, or nobody is there any more.
  bool obey(const std::string& line) {
    std::istringstream words(line);
    std::string verb, flag;
    std::size_t first = 0, second = 0;
    words >> verb >> first;
    if (verb != "beat") words >> second;
    words >> flag;
    begun_ = Clock::now();
    if (verb == "connect")
      connect(first, second, flag == "deaf");
    else if (verb == "drop")
      drop(first, second);
    else if (verb == "welcome")
      answer_when([this, first] { return swarm_.counts().connected >= first; });
    else if (verb == "watch")
      watch(first, second);
    else if (verb == "quit")
      return false;
    else
      at_once(verb, first, flag);
    return true;
  }

  bool is_waiting() const { return static_cast<bool>(done_); }
  void look() {
    if (!done_ || (!done_() && Clock::now() - begun_ < kPatience)) return;
    done_ = nullptr;
    answer();
  }

 private:
  void at_once(const std::string& verb, std::size_t milliseconds, const std::string& flag) {
    if (verb == "beat")
      swarm_.beat(Milliseconds{static_cast<std::int64_t>(milliseconds)}, flag == "answered");
    if (verb == "reset") swarm_.reset_counts();
    answer();
  }

  void connect(std::size_t first, std::size_t count, bool deaf) {
    const std::size_t wanted = swarm_.counts().connected + count;
    swarm_.connect(first, count, deaf);
    answer_when([this, wanted] { return swarm_.counts().connected >= wanted; });
  }

  void drop(std::size_t first, std::size_t count) {
    const std::size_t before = swarm_.counts().connected;
    const std::size_t wanted = before > count ? before - count : 0;
    swarm_.drop(first, count);
    answer_when([this, wanted] { return swarm_.counts().connected <= wanted; });
  }

  void watch(std::size_t generation, std::size_t count) {
    swarm_.watch(Generation{generation});
    answer_when([this, count] { return swarm_.reached().kept.size() >= count; });
  }

  void answer_when(std::function<bool()> done) { done_ = std::move(done); }

  void answer() {
    const SwarmCounts& counts = swarm_.counts();
    const double took = std::chrono::duration<double>(Clock::now() - begun_).count();
    fmt::print(
        "{{\"connected\":{},\"lost\":{},\"refused\":{},\"beats\":{},\"answers\":{},\"seconds\":{:.4f},"
        "\"delays_us\":[{}],"
        "\"welcomed\":{},\"applied\":{},\"kept\":{}}}\n",
        counts.connected, counts.lost, counts.refused, counts.beats, counts.answers, took,
        fmt::join(quantiles(swarm_.delays_us()), ","), render_times(swarm_.welcomed()),
        render_times(swarm_.reached().applied), render_times(swarm_.reached().kept));
    std::fflush(stdout);
  }

  Swarm& swarm_;
  std::function<bool()> done_;
  Clock::time_point begun_{};
};

// The next whole line, when there is one now. Ends the input with "quit".
std::optional<std::string> read_line(std::string& buffer) {
  pollfd in{STDIN_FILENO, POLLIN, 0};
  if (buffer.find('\n') == std::string::npos && ::poll(&in, 1, 0) > 0) {
    char bytes[512];
    const ssize_t size = ::read(STDIN_FILENO, bytes, sizeof(bytes));
    if (size <= 0) return "quit";
    buffer.append(bytes, static_cast<std::size_t>(size));
  }
  const auto end = buffer.find('\n');
  if (end == std::string::npos) return std::nullopt;
  std::string line = buffer.substr(0, end);
  buffer.erase(0, end + 1);
  return line;
}

int run(const std::string& fleet, const std::string& address) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  auto files = read_fleet(fleet);
  if (!files) return fmt::print(stderr, "{}\n", render(files.error())), 1;
  Swarm swarm({address, *std::move(files)});
  Console console(swarm);
  std::string buffer;
  for (;;) {
    const auto line = console.is_waiting() ? std::nullopt : read_line(buffer);
    if (line && !console.obey(*line)) return 0;
    swarm.turn(Clock::now() + Milliseconds{5});
    console.look();
  }
}

}  // namespace
}  // namespace ondol::bench

int main(int count, char** arguments) {
  if (count != 3) return fmt::print(stderr, "usage: swarm_agents FLEET_DIR ADDRESS:PORT\n"), 2;
  return ondol::bench::run(arguments[1], arguments[2]);
}
