#include "collector/store/sqlite/database.h"

#include <fmt/format.h>

#include <ctime>

namespace ondol::store {
namespace {

constexpr int kBusyTimeoutMs = 5'000;

// Waits in steps of a millisecond: SQLite's own steps grow to 100 ms, which would show in every percentile of commits.
int wait_for_lock(void*, int calls) {
  if (calls >= kBusyTimeoutMs) return 0;
  const timespec step{0, 1'000'000};
  nanosleep(&step, nullptr);
  return 1;
}

Errc errc_of(int code) {
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return Errc::kUnavailable;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return Errc::kCorrupt;
    case SQLITE_CONSTRAINT: return Errc::kConflict;
    case SQLITE_TOOBIG: return Errc::kLimit;
    case SQLITE_INTERRUPT: return Errc::kInterrupted;
    default: return Errc::kIo;
  }
}

std::string remedy_of(int code) {
  switch (code & 0xff) {
    case SQLITE_FULL: return "make space on this file system; writing resumes by itself";
    case SQLITE_IOERR: return "look at the kernel log for this disk";
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return "stop the collector and restore the file from a backup";
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM: return "the file and its directory must belong to the collector's user";
    default: return {};
  }
}

}  // namespace

Query::Query(Connection& connection, sqlite3_stmt* statement) : connection_(connection), statement_(statement) {
  if (statement_ == nullptr) error_ = connection_.take_error();
}

Query::~Query() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

void Query::check(int code) {
  if (code != SQLITE_OK && !error_) error_ = connection_.take_error();
}

Query& Query::text(std::string_view value) {
  const char* bytes = value.data() == nullptr ? "" : value.data();
  if (!error_) check(sqlite3_bind_text64(statement_, ++parameter_, bytes, value.size(), SQLITE_STATIC, SQLITE_UTF8));
  return *this;
}

Query& Query::blob(std::string_view value) {
  const char* bytes = value.data() == nullptr ? "" : value.data();
  if (!error_) check(sqlite3_bind_blob64(statement_, ++parameter_, bytes, value.size(), SQLITE_STATIC));
  return *this;
}

Query& Query::integer(std::int64_t value) {
  if (!error_) check(sqlite3_bind_int64(statement_, ++parameter_, value));
  return *this;
}

Query& Query::time(const std::optional<WallTime>& value) {
  if (value) return time(*value);
  if (!error_) check(sqlite3_bind_null(statement_, ++parameter_));
  return *this;
}

Result<void> Query::run() {
  while (next()) {
  }
  return finish();
}

bool Query::next() {
  if (error_) return false;
  column_ = 0;
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) error_ = connection_.take_error();
  return false;
}

Result<void> Query::finish() {
  if (error_) return fail(*error_);
  return {};
}

std::string Query::text() {
  const int column = column_++;
  const void* bytes = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  return bytes == nullptr ? std::string() : std::string(static_cast<const char*>(bytes), static_cast<std::size_t>(size));
}

std::int64_t Query::integer() { return sqlite3_column_int64(statement_, column_++); }

std::optional<WallTime> Query::optional_time() {
  if (sqlite3_column_type(statement_, column_) != SQLITE_NULL) return time();
  ++column_;
  return std::nullopt;
}

void Query::fail_corrupt() {
  if (!error_) error_ = Error{Errc::kCorrupt, "a stored digest has the wrong length", "", remedy_of(SQLITE_CORRUPT)};
}

Digest Query::digest() {
  const auto value = digest_from_bytes(blob());
  if (!value) fail_corrupt();
  return value.value_or(Digest{});
}

Sha256 Query::sha256() {
  const auto value = sha256_from_bytes(blob());
  if (!value) fail_corrupt();
  return value.value_or(Sha256{});
}

Result<Connection> Connection::open(const std::string& path, int flags) {
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  Connection connection(handle, path);
  if (code != SQLITE_OK) return fail(connection.take_error());
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_handler(handle, wait_for_lock, nullptr);
  return connection;
}

Result<void> Connection::execute(const std::string& sql) {
  if (sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) return fail(take_error());
  return {};
}

Query Connection::query(const char* sql) {
  auto& statement = statements_[sql];
  if (!statement) {
    sqlite3_stmt* prepared = nullptr;
    sqlite3_prepare_v3(handle_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &prepared, nullptr);
    statement.reset(prepared);
  }
  return Query(*this, statement.get());
}

Error Connection::take_error() {
  if (!handle_) return {Errc::kIo, "out of memory", path_, {}};
  const int code = sqlite3_extended_errcode(handle_.get());
  flush_failed_ = flush_failed_ || code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC;
  return {errc_of(code), fmt::format("{} (SQLite {})", sqlite3_errmsg(handle_.get()), code), path_, remedy_of(code)};
}

Result<Transaction> Transaction::begin(Connection& connection, Kind kind) {
  Query begin = connection.query(kind == Kind::kWrite ? "BEGIN IMMEDIATE" : "BEGIN");
  ONDOL_TRY(begin.run());
  return Transaction(connection);
}

Transaction::~Transaction() {
  if (connection_ != nullptr && connection_->in_transaction()) (void)connection_->query("ROLLBACK").run();
}

Result<void> Transaction::commit() {
  ONDOL_TRY(connection_->query("COMMIT").run());
  connection_ = nullptr;
  return {};
}

}  // namespace ondol::store
