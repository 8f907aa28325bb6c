#include "tests/fakes/store/faulty_disk.h"

#include <sqlite3.h>

#include <map>
#include <mutex>
#include <new>
#include <vector>

namespace ondol::store::faulty_disk {
namespace {

struct Unflushed {  // what a write replaced
  sqlite3_int64 offset;
  std::string before;
  sqlite3_int64 size_before;
};

struct File {
  sqlite3_file base;
  std::string* path;
  sqlite3_file* real;  // follows this struct in SQLite's allocation
};
File* file_of(sqlite3_file* file) { return reinterpret_cast<File*>(file); }
sqlite3_file* real_of(sqlite3_file* file) { return file_of(file)->real; }

struct State {
  std::mutex mutex;
  std::size_t operations = 0, target = 0;
  DiskFault fault = DiskFault::kErrorOnce;
  bool armed = false, fired = false;
  std::string last;
  std::map<std::string, std::vector<Unflushed>> unflushed;  // by path
  std::multimap<std::string, sqlite3_file*> open;           // the real ones by path
};
State state;

sqlite3_vfs* unix_vfs() {
  static sqlite3_vfs* const vfs = sqlite3_vfs_find("unix");
  return vfs;
}

// Through a file that is open anyway: a descriptor of our own would drop the process's locks on it when closed.
void undo_file(const std::string& path, std::vector<Unflushed>& writes, bool every_second) {
  const auto open = state.open.find(path);
  if (open == state.open.end()) return writes.clear();
  sqlite3_file* real = open->second;
  for (std::size_t i = writes.size(); i-- > 0;) {
    const Unflushed& write = writes[i];
    if (every_second && i % 2 == 0) continue;
    real->pMethods->xWrite(real, write.before.data(), static_cast<int>(write.before.size()), write.offset);
    if (!every_second) real->pMethods->xTruncate(real, write.size_before);
  }
  writes.clear();
}

void lose_power(bool torn) {
  for (auto& [path, writes] : state.unflushed) undo_file(path, writes, torn);
}

// Whether the operation that comes now fails; does what its fault does beside failing. Under the lock.
bool fails_now(const std::string& what, bool is_write) {
  const std::size_t index = state.operations++;
  if (!state.armed || index < state.target) return false;
  const bool first = index == state.target;
  if (first) {
    state.fired = true;
    state.last = what;
  }
  switch (state.fault) {
    case DiskFault::kErrorOnce: return first;
    case DiskFault::kErrorFromHere: return true;
    case DiskFault::kFullFromHere: return is_write;
    case DiskFault::kPowerLoss:
    case DiskFault::kTornPowerLoss:
      if (first) lose_power(state.fault == DiskFault::kTornPowerLoss);
      return true;
  }
  return false;
}

std::string described(const char* operation, const File& file) {
  return std::string(operation) + " " + file.path->substr(file.path->rfind('/') + 1);
}

Unflushed remember(sqlite3_file* real, sqlite3_int64 offset, int size) {
  Unflushed write{offset, std::string(static_cast<std::size_t>(size), '\0'), 0};
  real->pMethods->xFileSize(real, &write.size_before);
  real->pMethods->xRead(real, write.before.data(), size, offset);
  return write;
}

int on_write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
  const std::lock_guard lock(state.mutex);
  File& ours = *file_of(file);
  if (fails_now(described("xWrite", ours), true)) {
    return state.fault == DiskFault::kFullFromHere ? SQLITE_FULL : SQLITE_IOERR_WRITE;
  }
  state.unflushed[*ours.path].push_back(remember(ours.real, offset, size));
  return ours.real->pMethods->xWrite(ours.real, bytes, size, offset);
}

int on_sync(sqlite3_file* file, int flags) {
  const std::lock_guard lock(state.mutex);
  File& ours = *file_of(file);
  if (fails_now(described("xSync", ours), false)) {
    // What Linux does: the pages are dropped or marked clean, and the next flush says all is well.
    if (state.fault == DiskFault::kErrorOnce) undo_file(*ours.path, state.unflushed[*ours.path], false);
    return SQLITE_IOERR_FSYNC;
  }
  state.unflushed[*ours.path].clear();
  return ours.real->pMethods->xSync(ours.real, flags);
}

int on_truncate(sqlite3_file* file, sqlite3_int64 size) {
  const std::lock_guard lock(state.mutex);
  File& ours = *file_of(file);
  if (fails_now(described("xTruncate", ours), false)) return SQLITE_IOERR_TRUNCATE;
  return ours.real->pMethods->xTruncate(ours.real, size);
}

int on_close(sqlite3_file* file) {
  const std::lock_guard lock(state.mutex);
  File& ours = *file_of(file);
  std::erase_if(state.open, [&](const auto& entry) { return entry.second == ours.real; });
  delete ours.path;
  return ours.real->pMethods->xClose(ours.real);
}

const sqlite3_io_methods kMethods = {
    2,
    on_close,
    [](sqlite3_file* f, void* b, int n, sqlite3_int64 o) { return real_of(f)->pMethods->xRead(real_of(f), b, n, o); },
    on_write,
    on_truncate,
    on_sync,
    [](sqlite3_file* f, sqlite3_int64* size) { return real_of(f)->pMethods->xFileSize(real_of(f), size); },
    [](sqlite3_file* f, int level) { return real_of(f)->pMethods->xLock(real_of(f), level); },
    [](sqlite3_file* f, int level) { return real_of(f)->pMethods->xUnlock(real_of(f), level); },
    [](sqlite3_file* f, int* out) { return real_of(f)->pMethods->xCheckReservedLock(real_of(f), out); },
    [](sqlite3_file* f, int op, void* arg) { return real_of(f)->pMethods->xFileControl(real_of(f), op, arg); },
    [](sqlite3_file* f) { return real_of(f)->pMethods->xSectorSize(real_of(f)); },
    [](sqlite3_file* f) { return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f)); },
    [](sqlite3_file* f, int page, int size, int extend, void volatile** out) {
      return real_of(f)->pMethods->xShmMap(real_of(f), page, size, extend, out);
    },
    [](sqlite3_file* f, int o, int n, int flags) { return real_of(f)->pMethods->xShmLock(real_of(f), o, n, flags); },
    [](sqlite3_file* f) { real_of(f)->pMethods->xShmBarrier(real_of(f)); },
    [](sqlite3_file* f, int remove) { return real_of(f)->pMethods->xShmUnmap(real_of(f), remove); },
    nullptr,
    nullptr,
};

int on_open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
  File& ours = *file_of(file);
  ours.base.pMethods = nullptr;
  ours.real = reinterpret_cast<sqlite3_file*>(&ours + 1);
  const int code = unix_vfs()->xOpen(unix_vfs(), name, ours.real, flags, out_flags);
  if (code != SQLITE_OK) return code;
  ours.path = new std::string(name == nullptr ? "" : name);
  ours.base.pMethods = &kMethods;
  const std::lock_guard lock(state.mutex);
  state.open.emplace(*ours.path, ours.real);
  return code;
}

void register_once() {
  static sqlite3_vfs vfs = [] {
    sqlite3_vfs copy = *unix_vfs();
    copy.zName = "faulty";
    copy.szOsFile += static_cast<int>(sizeof(File));
    copy.pNext = nullptr;
    copy.xOpen = on_open;
    return copy;
  }();
  static const int registered = sqlite3_vfs_register(&vfs, 1);
  (void)registered;
}

}  // namespace

void arm(std::size_t operation, DiskFault fault) {
  register_once();
  const std::lock_guard lock(state.mutex);
  state.operations = 0;
  state.target = operation;
  state.fault = fault;
  state.armed = true;
  state.fired = false;
}

void disarm() {
  register_once();
  const std::lock_guard lock(state.mutex);
  state.armed = false;
  state.unflushed.clear();
}

bool fired() {
  const std::lock_guard lock(state.mutex);
  return state.fired;
}

std::size_t operations() {
  const std::lock_guard lock(state.mutex);
  return state.operations;
}

std::string last_fault() {
  const std::lock_guard lock(state.mutex);
  return state.last;
}

}  // namespace ondol::store::faulty_disk
