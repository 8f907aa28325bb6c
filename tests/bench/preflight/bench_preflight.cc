// What a preflight of 2,000 operations on a host with 2,000 routes takes, reading the host included. One JSON line a
// figure.
//   bench_preflight PROGRAM [QUESTIONS]
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "agent/preflight/client.h"

namespace ondol::bench {
namespace {

using namespace routes;  // NOLINT: a benchmark of one module
constexpr int kRoutes = 2000;

[[noreturn]] void die(const std::string& what) {
  fmt::print(stderr, "bench_preflight: {}\n", what);
  std::exit(1);
}

pid_t start(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_t child = -1;
  if (posix_spawnp(&child, arguments[0], nullptr, nullptr, arguments.data(), environ) != 0) die(command[0] + " failed");
  return child;
}

void run(const std::string& shell) {
  int status = 0;
  if (waitpid(start({"/bin/sh", "-ec", shell}), &status, 0) < 0 || status != 0) die(shell + " failed");
}

std::string destination(int base, int i) { return fmt::format("10.{}.{}.0/24", base + i / 256, i % 256); }

// A fresh namespace: lo, two links up, a default route and 2,000 routes of ours.
void make_host(const std::string& directory) {
  if (unshare(CLONE_NEWNET) != 0) die("needs root");
  run("ip link set lo up; for i in 0 1; do ip link add eth$i type veth peer name peer$i; ip link set peer$i up;"
      "ip link set eth$i up; ip address add 10.$i.0.1/24 dev eth$i; done; ip route add default via 10.0.0.254");
  std::ofstream batch(directory + "/batch");
  for (int i = 0; i < kRoutes; ++i) batch << "route add " << destination(100, i) << " via 10.0.0.2 proto 79\n";
  batch.close();
  run("ip -batch " + directory + "/batch");
}

Route route_via(const std::string& to) {
  Route route;
  route.key.destination = parse_prefix(to).value();
  route.value.nexthops.emplace_back().gateway = parse_address("10.1.0.2").value();
  normalise(route);
  return route;
}

std::vector<RouteOp> additions() {
  std::vector<RouteOp> operations;
  for (int i = 0; i < kRoutes; ++i) operations.emplace_back().route = route_via(destination(120, i));
  return operations;
}

// The last one but a few takes the collector's packets.
std::vector<RouteOp> with_a_blackhole(std::vector<RouteOp> operations) {
  RouteOp& bad = operations[operations.size() - 7];
  bad.route.key.destination = parse_prefix("10.9.0.0/16").value();
  bad.route.value = {};
  bad.route.value.type = RouteType::kBlackhole;
  return operations;
}

double ask(const std::string& socket, const std::vector<RouteOp>& operations, std::size_t refusals) {
  const std::vector<trial::ReachTarget> targets{{"collector", parse_address("10.9.0.5").value()},
                                                {"gateway", parse_address("10.0.0.254").value()},
                                                {"bastion", parse_address("10.9.0.6").value(), true}};
  if (!preflight::ask(socket, {})) die("the program does not answer");  // it is done with the question before
  const auto start_time = std::chrono::steady_clock::now();
  const auto verdict = preflight::judge_in_scratch(socket, operations, targets);
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start_time;
  if (!verdict) die(render(verdict.error()));
  if (verdict->refusals.size() != refusals) die(fmt::format("{} refusals", verdict->refusals.size()));
  return took.count();
}

void wait_until_it_answers(const std::string& socket) {
  for (int i = 0; i < 500; ++i) {
    if (preflight::ask(socket, {})) return;
    poll(nullptr, 0, 10);
  }
  die("the program does not answer");
}

void show(const std::string& figure, std::vector<double> values) {
  std::ranges::sort(values);
  fmt::print(R"({{"bench":"preflight","figure":"{}","value":{:.1f},"unit":"ms","spread":[{:.1f},{:.1f}],"questions":{}}})"
             "\n",
             figure, values[values.size() / 2], values.front(), values.back(), values.size());
  std::fflush(stdout);
}

void measure(const std::string& socket, int questions) {
  std::vector<double> allowed, refused;
  const auto good = additions();
  const auto bad = with_a_blackhole(good);
  for (int i = 0; i < questions; ++i) {
    allowed.push_back(ask(socket, good, 0));
    refused.push_back(ask(socket, bad, 1));
  }
  show("preflight.allowed_2000_ms", allowed);
  show("preflight.refused_2000_ms", refused);
}

}  // namespace
}  // namespace ondol::bench

int main(int argc, char** argv) {
  using namespace ondol::bench;
  if (argc < 2) die("usage: bench_preflight PROGRAM [QUESTIONS]");
  std::string directory = "/tmp/bench_preflight-XXXXXX";
  if (mkdtemp(directory.data()) == nullptr) die("no scratch directory");
  make_host(directory);
  const std::string socket = directory + "/socket";
  const pid_t program = start({argv[1], "--socket", socket});
  wait_until_it_answers(socket);
  measure(socket, argc > 2 ? std::max(1, std::atoi(argv[2])) : 21);
  kill(program, SIGKILL);
  waitpid(program, nullptr, 0);
  run("rm -r " + directory);
  return 0;
}
