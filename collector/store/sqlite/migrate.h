// Brings a database file to the newest schema, one numbered step after the other, all in one transaction.
#pragma once

#include <span>

#include "collector/store/sqlite/database.h"

namespace ondol::store {

struct Migration {
  std::int64_t version;  // from 1, no gaps
  const char* name;
  const char* sql;
};

// The files of collector/store/schema, in order.
std::span<const Migration> schema_migrations();

// kUnsupported: the file is newer than `migrations`. kInvalidInput: a database of another program. Nothing is changed then.
Result<void> migrate(Connection& connection, std::span<const Migration> migrations);

}  // namespace ondol::store
