// 10,000 hosts, 200 layer files, about ROUTES routes a host, one file changed: what `config plan` does
// between the request and the answer, with the states of now in a SQLite store. One JSON line a figure.
// bench_plan DIRECTORY [ROUTES]
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "collector/runtime/config_plan.h"
#include "collector/runtime/store_rows.h"
#include "common/wire/routes_wire.h"
#include "tests/bench/intent/fleet.h"

namespace ondol::collector {
namespace {

constexpr int kRounds = 5;

store::RevisionRow row_of(const std::vector<intent::LayerText>& files) {
  store::RevisionRow row;
  for (const auto& file : files) row.files.push_back({file.path, file.content});
  return row;
}

std::vector<store::HostRecord> records() {
  std::vector<store::HostRecord> records;
  for (int i = 0; i < bench::kHosts; ++i) {
    const intent::HostFacts facts = bench::host(i);
    store::HostRecord record;
    record.name = facts.name;
    record.cluster = facts.cluster;
    record.phase = facts.phase;
    record.app_type = facts.app_type;
    record.app_group = facts.app_group;
    record.app = facts.app;
    records.push_back(std::move(record));
  }
  std::sort(records.begin(), records.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return records;
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

class Bench {
 public:
  Bench(store::Store& store, int routes) : store_(store), records_(records()), files_(bench::fleet(routes)) {}

  // Everything once, as the first plan after a start does.
  double resolve_all() {
    const auto start = std::chrono::steady_clock::now();
    resolver_.resolve(row_of(files_), records_, [this](const HostId& host, const Sha256& digest, bool) {
      digests_[host] = digest;
      return false;
    });
    return seconds_since(start);
  }

  // The median; `path` gets one more route each time.
  double plan_after_changing(const std::string& path, std::size_t& hosts) {
    std::vector<double> times;
    for (int round = 0; round < kRounds; ++round) {
      auto changed = files_;
      auto& content = std::find_if(changed.begin(), changed.end(), [&](const auto& f) {
                        return f.path == path;
                      })->content;
      content += fmt::format("    - {{ to: 99.{}.0.0/16, via: 10.0.0.1 }}\n", round);
      store_states_of_now(path);
      const auto start = std::chrono::steady_clock::now();
      hosts = plan(row_of(changed));
      times.push_back(seconds_since(start));
      resolve_all();  // back
    }
    std::sort(times.begin(), times.end());
    return times[kRounds / 2];
  }

 private:
  std::size_t plan(const store::RevisionRow& revision) {
    const FleetIntent fleet = resolver_.resolve(
        revision, records_,
        [this](const HostId& host, const Sha256& digest, bool) { return digests_.at(host) != digest; });
    PlanSurvey survey(store_);
    std::vector<const HostIntent*> ordered;
    for (const HostIntent& host : fleet.hosts) ordered.push_back(&host);
    std::sort(ordered.begin(), ordered.end(),
              [](const auto* a, const auto* b) { return a->digest < b->digest; });
    Sha256 read;
    DesiredPtr before;
    for (const HostIntent* host : ordered) {
      const Sha256& now = digests_.at(host->host);
      if (now != read || !before) before = read_desired_state(store_, host->host).value_or(nullptr);
      read = now;
      if (!before) std::abort();
      survey.add(host->host, before, host->resolved);
    }
    return survey.take().groups.empty() ? 0 : fleet.hosts.size();
  }

  // Of the hosts that have this file.
  void store_states_of_now(const std::string& path) {
    if (stored_.contains(path)) return;
    stored_.insert(path);
    std::vector<intent::Finding> findings;
    const auto layers = intent::Layers::parse(files_, findings);
    for (const auto& record : records_) {
      const auto facts = facts_of(record);
      const auto stack = layers.stack(facts);
      const bool has =
          std::any_of(stack.begin(), stack.end(), [&](const auto* layer) { return layer->path == path; });
      if (!has || !stored_hosts_.insert(record.name).second) continue;
      DesiredState state = layers.resolve(facts, findings)->state;
      state.generation = Generation{1};
      if (!store_.commit({store::PutDesired{{record.name, state.generation, Revision("r"),
                                             digests_.at(record.name), wire::encode(state)}}}))
        std::abort();
    }
  }

  store::Store& store_;
  std::vector<store::HostRecord> records_;
  std::vector<intent::LayerText> files_;
  FleetResolver resolver_;
  std::map<HostId, Sha256> digests_;
  std::set<std::string> stored_;
  std::set<HostId> stored_hosts_;
};

int run(const std::string& directory, int routes) {
  auto store = store::open_sqlite_store(directory + "/store.db");
  if (!store) return 1;
  Bench bench(**store, routes);
  const double first = bench.resolve_all();
  std::size_t hosts = 0;
  const double one = bench.plan_after_changing("layers/app/a0.yaml", hosts);
  fmt::print(
      "{{\"bench\":\"intent\",\"figure\":\"intent.plan_one_file_s\",\"value\":{:.3f},\"unit\":\"s\",\"must\":"
      "\"<=0.5\",\"met\":{},"
      "\"hosts_changed\":{},\"routes_per_host\":{}}}\n",
      one, one <= 0.5, hosts, routes);
  const double group = bench.plan_after_changing("layers/app-group/g0.yaml", hosts);
  fmt::print(
      "{{\"bench\":\"intent\",\"figure\":\"intent.plan_group_file_s\",\"value\":{:.3f},\"unit\":\"s\","
      "\"hosts_changed\":{}}}\n",
      group, hosts);
  fmt::print("{{\"bench\":\"intent\",\"figure\":\"intent.plan_first_s\",\"value\":{:.3f},\"unit\":\"s\"}}\n",
             first);
  return 0;
}

}  // namespace
}  // namespace ondol::collector

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  return ondol::collector::run(argv[1], argc > 2 ? std::atoi(argv[2]) : 2000);
}
