// A disk under SQLite that fails one chosen write, flush or truncation, or loses power there.
#pragma once

#include <cstddef>
#include <string>

namespace ondol::store {

enum class DiskFault {
  kErrorOnce,      // EIO at that operation, then well again; a failed flush also drops what it should have kept
  kErrorFromHere,  // EIO at that operation and at every later one
  kFullFromHere,   // no space for writes from there on
  kPowerLoss,      // every unflushed write is gone and nothing works any more until disarmed
  kTornPowerLoss,  // the same, but every second unflushed write did reach the disk
};

// Registers itself as SQLite's default file system at the first call of any function.
// Thread: any.
namespace faulty_disk {
void arm(std::size_t operation, DiskFault fault);  // counts from 0 again; fails at the operation of that index
void disarm();                                     // well again, with nothing unflushed
bool fired();
std::size_t operations();                          // since arm
std::string last_fault();                          // "xSync store.db-wal", for failure messages
}  // namespace faulty_disk

}  // namespace ondol::store
