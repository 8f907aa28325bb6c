// The route socket against its floors and peers, A B A B in namespaces of its own (needs root). One JSON line
// a figure.
//   bench_routes [PAIRS]
#include <fmt/format.h>
#include <sched.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "agent/host/routes/observe_routes.h"
#include "agent/state/state_dir.h"
#include "tests/bench/routes/raw_netlink.h"

namespace ondol::bench {
namespace {

using namespace routes;  // NOLINT: a benchmark of one module
constexpr int kRoutes = 2000;

[[noreturn]] void die(const std::string& what) {
  fmt::print(stderr, "bench_routes: {}\n", what);
  std::exit(1);
}

void run(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_t child = -1;
  int status = 0;
  if (posix_spawnp(&child, arguments[0], nullptr, nullptr, arguments.data(), environ) != 0 ||
      waitpid(child, &status, 0) < 0 || status != 0) {
    die(command[0] + " failed");
  }
}

// A fresh namespace: lo and eth0 with 10.0.0.1/24, its peer up.
void enter_fresh_namespace() {
  if (unshare(CLONE_NEWNET) != 0) die("needs root");
  run({"/bin/sh", "-ec",
       "ip link set lo up; ip link add eth0 type veth peer name peer0; ip link set peer0 up; ip link set "
       "eth0 up;"
       "ip address add 10.0.0.1/24 dev eth0"});
}

double milliseconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values.at(values.size() / 2);
}

struct Pairs {
  std::vector<double> self, peer;

  double ratio() const {
    std::vector<double> ratios;
    for (std::size_t i = 0; i < self.size(); ++i) ratios.push_back(self[i] / peer[i]);
    return median(ratios);
  }
  void show(const std::string& figure, double limit, const std::string& peer_name) const {
    std::vector<double> ratios;
    for (std::size_t i = 0; i < self.size(); ++i) ratios.push_back(self[i] / peer[i]);
    const auto [low, high] = std::ranges::minmax(ratios);
    fmt::print(
        R"({{"bench":"routes","figure":"{}","value":{:.3f},"unit":"ratio","must":"<={}","met":{},"self":{:.3f},)"
        R"("peer":{:.3f},"peer_name":"{}","spread":[{:.2f},{:.2f}],"pairs":{}}})"
        "\n",
        figure, ratio(), limit, ratio() <= limit, median(self), median(peer), peer_name, low, high,
        self.size());
    std::fflush(stdout);
  }
};

RoutesIntent wanted_routes() {
  RoutesIntent intent;
  intent.mode = Mode::kEnforce;
  for (int i = 0; i < kRoutes; ++i) {
    Route route;
    route.key.destination = parse_prefix(fmt::format("10.100.{}.{}/32", i / 256, i % 256)).value();
    route.value.nexthops.emplace_back().gateway = parse_address("10.0.0.2").value();
    normalise(route);
    intent.routes.push_back(route);
  }
  return intent;
}

std::vector<RouteOp> additions(const RoutesIntent& intent) {
  std::vector<RouteOp> operations;
  for (const Route& route : intent.routes) {
    operations.emplace_back().route = route;
  }
  return operations;
}

std::unique_ptr<RouteSocket> open_socket() {
  auto socket = open_route_socket({});
  if (!socket) die(render(socket.error()));
  return std::move(*socket);
}

RouteSnapshot owned_snapshot(RouteSocket& socket) {
  auto snapshot = socket.snapshot({});
  if (!snapshot) die(render(snapshot.error()));
  for (ObservedRoute& route : snapshot->routes) {
    if (route.protocol == kOurProtocol) route.ownership = Ownership::kOurs;
  }
  return std::move(*snapshot);
}

// Apply and read back, as the agent does before it calls a generation applied.
void apply_whole(RouteSocket& socket, const RoutesIntent& intent, const std::vector<RouteOp>& operations) {
  if (!socket.apply(operations).failures.empty()) die("apply failed");
  if (!diff_routes(intent, owned_snapshot(socket)).empty()) die("read-back differs");
}

// As the agent does before its first change: the inverse on disk, synced.
void write_journal(const agent::StateDir& state, const RoutesIntent& intent, const std::vector<RouteOp>& operations) {
  agent::Journal journal;
  journal.candidate = {Generation{1}, Revision{std::string(64, 'a')}, intent, false};
  journal.inverse = inverse(operations);
  journal.boot_id = "bench";
  if (auto written = state.write_journal(journal); !written) die(render(written.error()));
}

agent::StateDir open_state(const std::string& path) {
  auto state = agent::StateDir::open(path);
  if (!state) die(render(state.error()));
  return std::move(*state);
}

void measure_apply(int pairs) {
  const RoutesIntent intent = wanted_routes();
  const std::string folder = fmt::format("/var/tmp/bench_routes.{}", getpid());
  const agent::StateDir state = open_state(folder);
  const std::string batch = fmt::format("/tmp/bench_routes.{}", getpid());
  std::ofstream file(batch);
  for (const Route& route : intent.routes)
    file << "route add " << render(route.key.destination) << " via 10.0.0.2 proto 79\n";
  file.close();
  Pairs peer, floor;
  for (int i = 0; i < pairs; ++i) {
    enter_fresh_namespace();
    auto socket = open_socket();
    owned_snapshot(*socket);  // nothing is planned against what was not read
    peer.self.push_back(milliseconds([&] {
      const std::vector<RouteOp> operations = additions(intent);
      write_journal(state, intent, operations);
      apply_whole(*socket, intent, operations);
    }));
    enter_fresh_namespace();
    peer.peer.push_back(milliseconds([&] { run({"ip", "-batch", batch}); }));
    enter_fresh_namespace();
    RawNetlink raw(false);
    floor.peer.push_back(milliseconds([&] { raw.add_routes(kRoutes); }));
  }
  std::remove(batch.c_str());
  std::filesystem::remove_all(folder);
  floor.self = peer.self;
  peer.show("routes.apply_2000.vs_ip_batch", 0.5, "ip -batch (ms)");
  fmt::print(R"({{"bench":"routes","figure":"routes.floor.raw_add_2000","value":{:.3f},"unit":"ms"}})"
             "\n",
             median(floor.peer));
}

void measure_unchanged() {
  enter_fresh_namespace();
  const RoutesIntent intent = wanted_routes();
  auto socket = open_socket();
  apply_whole(*socket, intent, additions(intent));
  RawNetlink listener(true);
  const RouteSnapshot seen = owned_snapshot(*socket);
  const RoutePlan plan = plan_routes(intent, seen, {});
  socket->apply(plan.operations);
  const std::size_t writes = listener.count_events() + plan.operations.size();
  fmt::print(
      R"({{"bench":"routes","figure":"routes.apply_unchanged.kernel_writes","value":{},"unit":"writes","must":"0","met":{}}})"
      "\n",
      writes, writes == 0);
}

// A full check: read everything, own it, compare it with what is wanted.
void measure_verify(int pairs) {
  enter_fresh_namespace();
  const RoutesIntent intent = wanted_routes();
  auto socket = open_socket();
  apply_whole(*socket, intent, additions(intent));
  RawNetlink raw(false);
  Pairs verify;
  constexpr int kRepeats = 20;  // a pair is two medians: one reading is shorter than a time slice
  for (int i = 0; i < pairs; ++i) {
    std::vector<double> self, peer;
    for (int repeat = 0; repeat < kRepeats; ++repeat) {
      self.push_back(milliseconds([&] {
        if (!diff_routes(intent, owned_snapshot(*socket)).empty()) die("verify differs");
      }));
      peer.push_back(milliseconds([&] {
        if (raw.dump_and_parse().size() < kRoutes) die("floor read too little");
      }));
    }
    verify.self.push_back(median(self));
    verify.peer.push_back(median(peer));
  }
  verify.show("routes.verify_2000.vs_raw_dump", 2, "raw dump and parse (ms)");
}

// Drain one event of a foreign delete, read its author, put the route back.
void measure_repair_work(int samples) {
  enter_fresh_namespace();
  const RoutesIntent intent = wanted_routes();
  auto hand =
      open_socket();  // the first socket of a process has its id as port: the author is found and read
  auto socket = open_socket();
  apply_whole(*socket, intent, additions(intent));
  std::vector<double> spent;
  for (int i = 0; i < samples; ++i) {
    const Route& route = intent.routes[static_cast<std::size_t>(i % kRoutes)];
    if (!hand->apply({RouteOp{OpKind::kRemove, route, kOurProtocol, {}}}).failures.empty())
      die("delete failed");
    spent.push_back(milliseconds([&] {
      const Drained seen = socket->drain();
      if (seen.changes.size() != 1 || !seen.changes[0].author.comm)
        die("the delete and its author were not seen");
      if (!socket->apply({RouteOp{OpKind::kAdd, route, kOurProtocol, {}}}).failures.empty())
        die("repair failed");
    }));
  }
  std::ranges::sort(spent);
  fmt::print(
      R"({{"bench":"routes","figure":"routes.floor.drain_blame_add_us","value":{:.1f},"unit":"us","p99":{:.1f},"samples":{}}})"
      "\n",
      spent[spent.size() / 2] * 1000, spent[spent.size() * 99 / 100] * 1000, spent.size());
}

}  // namespace
}  // namespace ondol::bench

int main(int argc, char** argv) {
  const int pairs = argc > 1 ? std::max(std::atoi(argv[1]), 5) : 11;
  ondol::bench::measure_apply(pairs);
  ondol::bench::measure_unchanged();
  ondol::bench::measure_verify(pairs);
  ondol::bench::measure_repair_work(2000);
}
