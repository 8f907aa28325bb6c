// Changed hosts from submission to durable through the batched writer: bench_store_ingest FILE ROUND
#include <fmt/format.h>

#include <atomic>
#include <future>
#include <thread>

#include "collector/store/batched_writer.h"
#include "tests/bench/store/rows.h"

namespace ondol {
namespace {

store::Batch changed_host(std::size_t index, unsigned round, std::string value) {
  const HostId host(bench::host_name(index));
  const WallTime now{std::chrono::seconds(1'800'000'000 + round)};
  store::EventRow event{host, EventSequence(round), now, std::string(bench::kEventBytes, 'e')};
  const Digest digest = digest_of(value);
  store::ObservedRow row{host, session::ResourceType::kRoutes, digest, std::move(value), now, SessionId("session-1")};
  store::Batch batch;
  batch.push_back(store::PutObserved{std::move(row)});
  batch.push_back(store::AppendEvents{host, {std::move(event)}, 0});
  return batch;
}

void submit_all(store::BatchedWriter& writer, unsigned round) {
  std::atomic<std::size_t> stored{0};
  std::promise<void> all;
  const auto done = [&](const Result<void>& result) {
    if (!result) fmt::print(stderr, "{}\n", render(result.error()));
    if (++stored == bench::kHosts) all.set_value();
  };
  for (const std::size_t index : bench::shuffled_hosts(round)) {
    store::Batch batch = changed_host(index, round, bench::value_bytes(index, round));
    while (!writer.submit(batch, done)) std::this_thread::yield();
  }
  all.get_future().wait();
}

double percentile(std::vector<double>& sorted, double share) {
  if (sorted.empty()) return 0;
  std::sort(sorted.begin(), sorted.end());
  return sorted[static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1))];
}

int run(const std::string& path, unsigned round) {
  auto opened = store::open_sqlite_store(path);
  if (!opened) return fmt::print(stderr, "{}\n", render(opened.error())), 1;
  std::vector<double> commits_ms;
  const auto timed = [&](Nanoseconds duration, bool) { commits_ms.push_back(static_cast<double>(duration.count()) / 1e6); };
  store::BatchedWriter writer(**opened, {.queued_writes = 4'000}, {.commit_ended = timed, .disk_failed = {}});
  const auto start = std::chrono::steady_clock::now();
  const double cpu = bench::cpu_seconds();
  submit_all(writer, round);
  const double seconds = bench::seconds_since(start);
  const double used = bench::cpu_seconds() - cpu;
  writer.stop();
  fmt::print("{{\"hosts_per_s\":{:.0f},\"cpu_us_per_host\":{:.2f},\"commits\":{},\"commit_p50_ms\":{:.2f},\"commit_p99_ms\":{:.2f}}}\n",
             bench::kHosts / seconds, used / bench::kHosts * 1e6, commits_ms.size(), percentile(commits_ms, 0.5),
             percentile(commits_ms, 0.99));
  return 0;
}

}  // namespace
}  // namespace ondol

int main(int count, char** arguments) {
  if (count != 3) return fmt::print(stderr, "usage: bench_store_ingest FILE ROUND\n"), 2;
  return ondol::run(arguments[1], static_cast<unsigned>(std::stoul(arguments[2])));
}
