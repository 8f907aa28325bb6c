// One write of a batch as SQL, inside the caller's transaction.
#pragma once

#include "collector/store/sqlite/database.h"
#include "collector/store/store.h"

namespace ondol::store {

// Refusals as store.h says them; any error means that the transaction must be rolled back.
Result<void> write_row(Connection& connection, const Write& write);

}  // namespace ondol::store
