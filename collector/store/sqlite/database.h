// SQLite behind values: a connection, its cached statements, and one query at a time with errors as Result.
#pragma once

#include <sqlite3.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/result.h"

namespace ondol::store {

class Connection;

// One run of a prepared statement. Bind in order, then run() or next() until false, then finish().
// Errors: sticky; the first one ends next() and comes out of run() or finish(). Bound bytes must outlive the query.
class Query {
 public:
  Query(Connection& connection, sqlite3_stmt* statement);  // null = preparing failed, the connection knows why
  ~Query();
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  Query& text(std::string_view value);
  Query& blob(std::string_view value);
  Query& integer(std::int64_t value);
  Query& number(std::uint64_t value) { return integer(static_cast<std::int64_t>(value)); }
  Query& time(WallTime value) { return integer(unix_ns(value)); }
  Query& time(const std::optional<WallTime>& value);

  Result<void> run();  // for statements without rows
  bool next();         // true = a row is there
  Result<void> finish();

  // Columns of the current row, from left to right.
  std::string text();
  std::string blob() { return text(); }
  std::int64_t integer();
  std::uint64_t number() { return static_cast<std::uint64_t>(integer()); }
  WallTime time() { return wall_from_unix_ns(integer()); }
  std::optional<WallTime> optional_time();
  Digest digest();  // not 16 bytes: the query fails with kCorrupt
  Sha256 sha256();

 private:
  void check(int code);
  void fail_corrupt();

  Connection& connection_;
  sqlite3_stmt* statement_;
  int parameter_ = 0;
  int column_ = 0;
  std::optional<Error> error_;
};

// Thread: one at a time.
class Connection {
 public:
  // `flags` as for sqlite3_open_v2.
  static Result<Connection> open(const std::string& path, int flags);

  Result<void> execute(const std::string& sql);  // any number of statements without rows
  Query query(const char* sql);                  // `sql` is a constant: its prepared form is kept by address
  std::int64_t changed_rows() const { return sqlite3_changes64(handle_.get()); }
  bool in_transaction() const { return sqlite3_get_autocommit(handle_.get()) == 0; }

  // The connection's last error as ours: full disk and I/O are kIo, a held lock kUnavailable. Remembers a failed flush.
  Error take_error();
  bool flush_failed() const { return flush_failed_; }
  sqlite3* handle() const { return handle_.get(); }

 private:
  explicit Connection(sqlite3* handle, std::string path) : handle_(handle), path_(std::move(path)) {}

  struct Close { void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); } };
  struct Finalize { void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); } };
  std::unique_ptr<sqlite3, Close> handle_;
  std::string path_;
  bool flush_failed_ = false;
  std::unordered_map<const char*, std::unique_ptr<sqlite3_stmt, Finalize>> statements_;  // gone before the handle
};

// Rolls back unless committed.
class Transaction {
 public:
  enum class Kind { kRead, kWrite };
  static Result<Transaction> begin(Connection& connection, Kind kind);
  Transaction(Transaction&& other) noexcept : connection_(std::exchange(other.connection_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  Result<void> commit();

 private:
  explicit Transaction(Connection& connection) : connection_(&connection) {}
  Connection* connection_;
};

}  // namespace ondol::store
