// The load that the fault tests put on a store, and the check of what must be there afterwards.
#pragma once

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <string>

#include "collector/store/store.h"

namespace ondol::store {

// Batch number `n` of one writer: two hosts that move together, one event, one audit record. All or nothing.
inline Batch load_batch(const std::string& writer, std::uint64_t n, std::size_t payload_bytes = 2'000) {
  const auto desired = [&](const std::string& name) {
    return PutDesired{{HostId(name), Generation(n), Revision("r"), {}, std::string(payload_bytes, 'p')}};
  };
  const HostId host(writer + ".left");
  return {desired(host.value), AppendEvents{host, {{host, EventSequence(n), WallTime{}, "event"}}, 0},
          AppendAudit{WallTime{}, "host " + writer, "report", writer, std::to_string(n)}, desired(writer + ".right")};
}

inline std::uint64_t stored_number(Store& store, const std::string& writer) {
  const auto left = store.read_desired(HostId(writer + ".left"));
  const auto right = store.read_desired(HostId(writer + ".right"));
  EXPECT_TRUE(left && right);
  if (!left || !right) return 0;
  EXPECT_EQ(left->has_value(), right->has_value()) << "half a batch was stored";
  if (!*left || !*right) return 0;
  EXPECT_EQ((*left)->generation, (*right)->generation) << "half a batch was stored";
  return (*left)->generation.value;
}

// Everything up to `acked` is there; what is there is whole.
inline void expect_kept(Store& store, const std::string& writer, std::uint64_t acked) {
  const std::uint64_t stored = stored_number(store, writer);
  EXPECT_GE(stored, acked) << writer << ": acknowledged and lost";
  const auto events = store.read_events(HostId(writer + ".left"), 1'000'000);
  ASSERT_TRUE(events) << render(events.error());
  if (stored == 0) return;
  ASSERT_FALSE(events->empty());
  EXPECT_EQ(events->front().sequence.value, stored);
}

inline void expect_sound_file(const std::string& path) {
  sqlite3* db = nullptr;
  ASSERT_EQ(sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READONLY, nullptr), SQLITE_OK);
  std::string said;
  const auto collect = [](void* text, int, char** values, char**) {
    *static_cast<std::string*>(text) += values[0];
    return 0;
  };
  EXPECT_EQ(sqlite3_exec(db, "PRAGMA integrity_check", collect, &said, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
  EXPECT_EQ(said, "ok");
  sqlite3_close(db);
}

}  // namespace ondol::store
