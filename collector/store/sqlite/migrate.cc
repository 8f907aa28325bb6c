#include "collector/store/sqlite/migrate.h"

#include <fmt/format.h>

#include "common/loop/clocks.h"

namespace ondol::store {
namespace {

constexpr std::int64_t kApplicationId = 0x4f4e444c;  // "ONDL", in the file's header

Result<std::int64_t> read_integer(Connection& connection, const char* sql) {
  Query query = connection.query(sql);
  const std::int64_t value = query.next() ? query.integer() : 0;
  ONDOL_TRY(query.finish());
  return value;
}

Result<void> check_owner(Connection& connection) {
  const auto id = read_integer(connection, "PRAGMA application_id");
  if (!id) return fail(id.error());
  if (*id == kApplicationId) return {};
  const auto tables = read_integer(connection, "SELECT count(*) FROM sqlite_schema");
  if (!tables) return fail(tables.error());
  if (*id == 0 && *tables == 0) return {};
  return fail(Errc::kInvalidInput, "this database belongs to another program", {},
              "point state_dir at a directory of its own");
}

Result<void> apply_step(Connection& connection, const Migration& step) {
  ONDOL_TRY(connection.execute(step.sql));
  return connection.query("INSERT INTO schema_version (version, name, applied_unix_ns) VALUES (?, ?, ?)")
      .integer(step.version).text(step.name).time(read_now().wall).run();
}

Result<void> prepare_version_table(Connection& connection) {
  ONDOL_TRY(connection.execute("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY, "
                               "name TEXT NOT NULL, applied_unix_ns INTEGER NOT NULL) STRICT"));
  return connection.execute(fmt::format("PRAGMA application_id = {}", kApplicationId));
}

}  // namespace

Result<void> migrate(Connection& connection, std::span<const Migration> migrations) {
  auto transaction = Transaction::begin(connection, Transaction::Kind::kWrite);
  if (!transaction) return fail(transaction.error());
  ONDOL_TRY(check_owner(connection));
  ONDOL_TRY(prepare_version_table(connection));
  const auto current = read_integer(connection, "SELECT max(version) FROM schema_version");
  if (!current) return fail(current.error());
  const std::int64_t newest = migrations.empty() ? 0 : migrations.back().version;
  if (*current > newest) {
    return fail(Errc::kUnsupported,
                fmt::format("the store has schema version {}, this collector knows versions up to {}", *current, newest),
                {}, "start the newer collector that wrote it, or restore a backup from before the upgrade");
  }
  if (*current == newest) return {};  // nothing to write: the transaction ends without a trace
  for (const Migration& step : migrations) {
    if (step.version > *current) ONDOL_TRY(apply_step(connection, step));
  }
  return transaction->commit();
}

}  // namespace ondol::store
