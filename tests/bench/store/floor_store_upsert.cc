// The floor: the same rows by prepared statements in plain transactions, nothing else: floor_store_upsert FILE ROUND
#include <fmt/format.h>
#include <sqlite3.h>

#include "tests/bench/store/rows.h"

namespace ondol {
namespace {

constexpr const char* kSetUp =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
    "CREATE TABLE IF NOT EXISTS value (host TEXT PRIMARY KEY, seen INTEGER, value BLOB);"
    "CREATE TABLE IF NOT EXISTS history (host TEXT, sequence INTEGER, seen INTEGER, event BLOB,"
    " PRIMARY KEY (host, sequence)) WITHOUT ROWID";

struct Floor {
  sqlite3* db = nullptr;
  sqlite3_stmt *upsert = nullptr, *append = nullptr;
  bool failed = false;

  void check(int code) { failed = failed || (code != SQLITE_OK && code != SQLITE_DONE); }
  void execute(const char* sql) { check(sqlite3_exec(db, sql, nullptr, nullptr, nullptr)); }
  void open(const char* path) {
    check(sqlite3_open(path, &db));
    execute(kSetUp);
    check(sqlite3_prepare_v2(db, "INSERT INTO value VALUES (?, ?, ?) ON CONFLICT (host) DO UPDATE SET seen = excluded.seen, "
                                 "value = excluded.value", -1, &upsert, nullptr));
    check(sqlite3_prepare_v2(db, "INSERT INTO history VALUES (?, ?, ?, ?)", -1, &append, nullptr));
  }
  void run(sqlite3_stmt* statement) {
    check(sqlite3_step(statement));
    check(sqlite3_reset(statement));
  }
  void write_host(std::size_t index, unsigned round) {
    const std::string host = bench::host_name(index), value = bench::value_bytes(index, round), event(bench::kEventBytes, 'e');
    const auto size = [](const std::string& text) { return static_cast<int>(text.size()); };
    sqlite3_bind_text(upsert, 1, host.data(), size(host), SQLITE_STATIC);
    sqlite3_bind_int64(upsert, 2, round);
    sqlite3_bind_blob(upsert, 3, value.data(), size(value), SQLITE_STATIC);
    run(upsert);
    sqlite3_bind_text(append, 1, host.data(), size(host), SQLITE_STATIC);
    sqlite3_bind_int64(append, 2, round);
    sqlite3_bind_int64(append, 3, round);
    sqlite3_bind_blob(append, 4, event.data(), size(event), SQLITE_STATIC);
    run(append);
  }
};

int run(const char* path, unsigned round) {
  Floor floor;
  floor.open(path);
  const auto start = std::chrono::steady_clock::now();
  const double cpu = bench::cpu_seconds();
  std::size_t in_transaction = 0;
  for (const std::size_t index : bench::shuffled_hosts(round)) {
    if (in_transaction == 0) floor.execute("BEGIN IMMEDIATE");
    floor.write_host(index, round);
    if (++in_transaction < bench::kHostsPerCommit) continue;
    floor.execute("COMMIT");
    in_transaction = 0;
  }
  if (in_transaction > 0) floor.execute("COMMIT");
  const double seconds = bench::seconds_since(start);
  fmt::print("{{\"hosts_per_s\":{:.0f},\"cpu_us_per_host\":{:.2f}}}\n", bench::kHosts / seconds,
             (bench::cpu_seconds() - cpu) / bench::kHosts * 1e6);
  return floor.failed ? 1 : 0;
}

}  // namespace
}  // namespace ondol

int main(int count, char** arguments) {
  if (count != 3) return fmt::print(stderr, "usage: floor_store_upsert FILE ROUND\n"), 2;
  return ondol::run(arguments[1], static_cast<unsigned>(std::stoul(arguments[2])));
}
