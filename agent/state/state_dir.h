// The agent's state directory: what was confirmed, the journal of an apply, the ledger, the numbers, the hold, the starts.
#pragma once

#include <memory>
#include <string>

#include "agent/core/crash_watch.h"
#include "agent/core/stored_state.h"
#include "agent/state/framed_file.h"

namespace ondol::agent {

// Files: confirmed, previous, journal, ledger, highest, hold, changes, starts; `lock` keeps two agents off one directory.
// Thread: one. Every write is durable when it returns; on an error the old file stands.
class StateDir {
 public:
  // kConflict when another process holds it.
  static Result<StateDir> open(const std::string& path);
  StateDir(StateDir&& other) noexcept;
  ~StateDir();

  StoredState read() const;  // its event numbers are the spool's business

  Result<void> write_highest(const Highest& highest) const;
  Result<void> write_journal(const Journal& journal) const;
  Result<void> write_confirmed(const std::optional<DesiredState>& state) const;  // empty = remove
  Result<void> write_previous(const DesiredState& state) const;
  Result<void> write_ledger(const Ledger& ledger) const;
  Result<void> remove_journal() const;
  Result<void> write_hold(bool held) const;

  Result<void> write_changes(const std::vector<AppliedChange>& changes) const;
  // What the process did, beside what the core decides. Unreadable counts as never written: nothing is taken from it.
  StartRecord read_starts() const;
  Result<void> write_starts(const StartRecord& record) const;

  // Reads without the lock, for another process: each file is whole, but they are not of one moment. Makes nothing.
  static Result<StoredState> peek(const std::string& path);

  const std::string& path() const { return dir_.path(); }

 private:
  StateDir(Directory dir, int lock) : dir_(std::move(dir)), lock_(lock) {}
  Directory dir_;
  int lock_;
};

}  // namespace ondol::agent
