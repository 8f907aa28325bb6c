#include "agent/state/state_dir.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "agent/state/state_codec.h"
#include "common/wire/routes_wire.h"

namespace ondol::agent {
namespace {

constexpr std::uint32_t kVersion = 1;  // of every file here

template <typename T>
Result<std::optional<T>> read_as(const Directory& dir, const std::string& name, Result<T> (*decode)(std::string_view)) {
  auto bytes = read_framed(dir, name, kVersion);
  if (!bytes) return fail(bytes.error());
  if (!*bytes) return std::nullopt;
  auto value = decode(**bytes);
  if (!value) return fail(Errc::kCorrupt, value.error().message, dir.path() + "/" + name);
  return std::optional<T>(std::move(*value));
}

StoredState read_all(const Directory& dir) {
  StoredState state{read_as<DesiredState>(dir, "confirmed", wire::decode_desired_state),
                    read_as<Journal>(dir, "journal", decode_journal),
                    read_as<Ledger>(dir, "ledger", decode_ledger),
                    read_as<Highest>(dir, "highest", decode_highest),
                    false,
                    {},
                    {}};
  state.previous = read_as<DesiredState>(dir, "previous", wire::decode_desired_state);
  const auto hold = read_framed(dir, "hold", kVersion);
  state.held = !hold || hold->has_value();  // a hold that cannot be read is a hold
  state.changes = read_as<std::vector<AppliedChange>>(dir, "changes", decode_changes).map([](auto changes) {
    return std::move(changes).value_or(std::vector<AppliedChange>{});
  });
  return state;
}

}  // namespace

Result<StateDir> StateDir::open(const std::string& path) {
  auto dir = Directory::open(path);
  if (!dir) return fail(dir.error());
  const int lock = ::openat(dir->fd(), "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
  if (lock < 0) return fail(Errc::kIo, std::string("cannot open the lock: ") + std::strerror(errno), path + "/lock");
  if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    ::close(lock);
    return fail(Errc::kConflict, "another agent uses this state directory", path, "stop it first");
  }
  return StateDir(std::move(*dir), lock);
}

StateDir::StateDir(StateDir&& other) noexcept : dir_(std::move(other.dir_)), lock_(std::exchange(other.lock_, -1)) {}

StateDir::~StateDir() {
  if (lock_ >= 0) ::close(lock_);
}

StoredState StateDir::read() const { return read_all(dir_); }

Result<StoredState> StateDir::peek(const std::string& path) {
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0 || !S_ISDIR(facts.st_mode)) {
    return fail(Errc::kNotFound, "is no directory", path);
  }
  return Directory::open(path).map([](const Directory& dir) { return read_all(dir); });
}

Result<void> StateDir::write_highest(const Highest& highest) const {
  return write_framed(dir_, "highest", kVersion, encode(highest));
}
Result<void> StateDir::write_journal(const Journal& journal) const {
  return write_framed(dir_, "journal", kVersion, encode(journal));
}
Result<void> StateDir::write_confirmed(const std::optional<DesiredState>& state) const {
  return state ? write_framed(dir_, "confirmed", kVersion, wire::encode(*state)) : remove_file(dir_, "confirmed");
}
Result<void> StateDir::write_previous(const DesiredState& state) const {
  return write_framed(dir_, "previous", kVersion, wire::encode(state));
}
Result<void> StateDir::write_ledger(const Ledger& ledger) const {
  return write_framed(dir_, "ledger", kVersion, encode(ledger));
}
Result<void> StateDir::remove_journal() const { return remove_file(dir_, "journal"); }
Result<void> StateDir::write_hold(bool held) const {
  return held ? write_framed(dir_, "hold", kVersion, "") : remove_file(dir_, "hold");
}

Result<void> StateDir::write_changes(const std::vector<AppliedChange>& changes) const {
  return write_framed(dir_, "changes", kVersion, encode(changes));
}
StartRecord StateDir::read_starts() const {
  const auto record = read_as<StartRecord>(dir_, "starts", decode_start_record);
  return record && *record ? **record : StartRecord{};
}
Result<void> StateDir::write_starts(const StartRecord& record) const {
  return write_framed(dir_, "starts", kVersion, encode(record));
}

}  // namespace ondol::agent
