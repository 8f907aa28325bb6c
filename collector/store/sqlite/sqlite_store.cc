#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <filesystem>

#include "collector/store/check_write.h"
#include "collector/store/sqlite/migrate.h"
#include "collector/store/sqlite/read_rows.h"
#include "collector/store/sqlite/write_rows.h"
#include "common/base/failpoint.h"
#include "common/loop/clocks.h"
#include "common/loop/guarded.h"

namespace ondol::store {
namespace {

constexpr std::size_t kAuditStep = 1'000;
constexpr std::size_t kFrameBytes = 4096 + 24;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

tl::unexpected<Error> system_failure(const char* doing, const std::string& path) {
  return fail(Errc::kIo, fmt::format("{}: {}", doing, std::strerror(errno)), path,
              "the directory must exist and belong to the collector's user");
}

// Held for as long as the store is open; the kernel lets go of it however the process ends.
Result<Descriptor> take_ownership(const std::string& path) {
  const std::string lock_path = path + ".lock";
  Descriptor lock(open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (lock.get() < 0) return system_failure("cannot open the store's lock file", lock_path);
  if (flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return fail(Errc::kConflict, "another process has this store open", path,
                "stop the other collector, or give this one its own state_dir");
  }
  return lock;
}

// SQLite would create the file with the umask's mode, and gives its log and index the mode of the file.
Result<void> prepare_file(const std::string& path) {
  const Descriptor file(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (file.get() < 0) return system_failure("cannot open the store", path);
  struct stat facts{};
  if (fstat(file.get(), &facts) != 0) return system_failure("cannot read the store's mode", path);
  if ((facts.st_mode & 077) != 0 && fchmod(file.get(), 0600) != 0) return system_failure("cannot make the store private", path);
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  const Descriptor directory(open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() < 0 || fsync(directory.get()) != 0) return system_failure("cannot flush the store's directory", path);
  return {};
}

Result<Connection> open_connection(const std::string& path) {
  auto connection = Connection::open(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW);
  if (!connection) return connection;
  // Defensive: not even our own SQL may corrupt the file. Checkpoints are the checkpointer's alone.
  sqlite3_db_config(connection->handle(), SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  ONDOL_TRY(connection->execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; "
                                "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON"));
  return connection;
}

// Thread: `writer` by commit's caller; the other two under their locks.
struct Connections {
  Descriptor lock;
  Connection writer;
  Guarded<Connection> reader;
  Guarded<Connection> checkpointer;
};

class SqliteStore final : public Store {
 public:
  SqliteStore(std::unique_ptr<Connections> connections, std::string path, const SqliteLimits& limits)
      : db_(std::move(connections)), path_(std::move(path)), limits_(limits) {}
  ~SqliteStore() override;

  Result<void> commit(const Batch& batch) override;
  Result<void> checkpoint() override;

  Result<std::vector<HostRecord>> read_records() override {
    return db_->reader.with([](Connection& db) { return store::read_records(db); });
  }
  Result<std::optional<RevisionRow>> read_current_revision() override {
    return db_->reader.with([](Connection& db) { return store::read_current_revision(db); });
  }
  Result<std::optional<RevisionRow>> read_revision(const Revision& id) override {
    return db_->reader.with([&](Connection& db) { return store::read_revision(db, id); });
  }
  Result<std::vector<CommitRow>> read_commits(std::size_t limit) override {
    return db_->reader.with([&](Connection& db) { return store::read_commits(db, limit); });
  }
  Result<std::optional<LayerFile>> read_layer_file(const Revision& id, const std::string& path) override {
    return db_->reader.with([&](Connection& db) { return store::read_layer_file(db, id, path); });
  }
  Result<std::vector<DesiredRow>> read_desired() override {
    return db_->reader.with([](Connection& db) { return store::read_desired(db); });
  }
  Result<std::optional<DesiredRow>> read_desired(const HostId& host) override {
    return db_->reader.with([&](Connection& db) { return store::read_desired(db, host); });
  }
  Result<std::optional<ObservedRow>> read_observed(const HostId& host, session::ResourceType type) override {
    return db_->reader.with([&](Connection& db) { return store::read_observed(db, host, type); });
  }
  Result<std::vector<ObservedRow>> read_observed_heads() override {
    return db_->reader.with([](Connection& db) { return store::read_observed_heads(db); });
  }
  Result<std::vector<EventRow>> read_events(const HostId& host, std::size_t limit) override {
    return db_->reader.with([&](Connection& db) { return store::read_events(db, host, limit); });
  }
  Result<std::vector<EventPosition>> read_event_positions() override {
    return db_->reader.with([](Connection& db) { return store::read_event_positions(db); });
  }
  Result<std::vector<DriftRow>> read_open_drift() override {
    return db_->reader.with([](Connection& db) { return store::read_open_drift(db); });
  }
  Result<std::vector<DriftRow>> read_drift(const std::optional<HostId>& host, std::size_t limit, DriftId below) override {
    return db_->reader.with([&](Connection& db) { return store::read_drift(db, host, limit, below); });
  }
  Result<std::optional<DriftRow>> read_drift_by_id(DriftId id) override {
    return db_->reader.with([&](Connection& db) { return store::read_drift_by_id(db, id); });
  }
  Result<DriftId> read_highest_drift_id() override {
    return db_->reader.with([](Connection& db) { return store::read_highest_drift_id(db); });
  }
  Result<std::vector<StatusRow>> read_statuses() override {
    return db_->reader.with([](Connection& db) { return store::read_statuses(db); });
  }
  Result<std::optional<TokenRow>> read_token(const Sha256& hash) override {
    return db_->reader.with([&](Connection& db) { return store::read_token(db, hash); });
  }
  Result<std::optional<CertificateRow>> read_certificate(const std::string& serial) override {
    return db_->reader.with([&](Connection& db) { return store::read_certificate(db, serial); });
  }
  Result<std::vector<CertificateRow>> read_certificates() override {
    const WallTime oldest = read_now().wall - kCertificateMemory;
    return db_->reader.with([&](Connection& db) { return store::read_certificates(db, oldest); });
  }
  Result<std::vector<AuditRow>> read_audit(std::size_t limit) override {
    return db_->reader.with([&](Connection& db) { return store::read_audit(db, limit); });
  }
  Result<void> verify_audit() override;

  std::string engine() const override { return "sqlite"; }
  bool must_reopen() const override { return flush_failed_; }

 private:
  Result<void> check_open_for_writes() const;
  Result<void> write_batch(const Batch& batch);
  struct LogState {
    std::size_t bytes = 0;
    bool held = false;  // somebody still reads or writes what the checkpoint wanted to be done with
  };
  Result<LogState> run_checkpoint(int mode);

  std::unique_ptr<Connections> db_;
  const std::string path_;
  const SqliteLimits limits_;
  std::atomic<bool> flush_failed_{false};
  std::atomic<bool> log_too_long_{false};
  BootTime next_restart_{};  // checkpoint's caller only
};

SqliteStore::~SqliteStore() {
  if (!flush_failed_) return;
  // The last connection to close would move pages and then drop the log, which is the only copy that can be trusted.
  const auto leave_the_log = [](Connection& db) {
    sqlite3_db_config(db.handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  };
  leave_the_log(db_->writer);
  db_->reader.with(leave_the_log);
  db_->checkpointer.with(leave_the_log);
}

Result<void> SqliteStore::check_open_for_writes() const {
  if (flush_failed_) {
    return fail(Errc::kIo, "a flush to disk failed earlier, nothing is stored until the store is opened again", path_,
                "look at the kernel log for this disk, then restart the collector");
  }
  if (log_too_long_) {
    return fail(Errc::kUnavailable, "the write-ahead log is too long: a reader of another process keeps it from being reused",
                path_ + "-wal", "find the process with: fuser " + path_);
  }
  return {};
}

Result<void> SqliteStore::commit(const Batch& batch) {
  ONDOL_TRY(check_open_for_writes());
  if (batch.empty()) return {};
  Result<void> written = write_batch(batch);
  if (db_->writer.flush_failed()) flush_failed_ = true;
  return written;
}

Result<void> SqliteStore::write_batch(const Batch& batch) {
  auto transaction = Transaction::begin(db_->writer, Transaction::Kind::kWrite);
  if (!transaction) return fail(transaction.error());
  for (std::size_t index = 0; index < batch.size(); ++index) {
    Result<void> written = check_write(batch[index]);
    if (written) written = write_row(db_->writer, batch[index]);
    if (written) continue;
    if (written.error().where.empty()) written.error().where = position_in_batch(index);
    return written;
  }
  ONDOL_FAILPOINT("store_before_commit");
  ONDOL_TRY(transaction->commit());
  ONDOL_FAILPOINT("store_after_commit");
  return {};
}

Result<SqliteStore::LogState> SqliteStore::run_checkpoint(int mode) {
  return db_->checkpointer.with([&](Connection& db) -> Result<LogState> {
    int frames = 0;
    const int code = sqlite3_wal_checkpoint_v2(db.handle(), nullptr, mode, &frames, nullptr);
    const bool held = (code & 0xff) == SQLITE_BUSY;
    if (code == SQLITE_OK || held) return LogState{static_cast<std::size_t>(std::max(frames, 0)) * kFrameBytes, held};
    Error error = db.take_error();
    if (db.flush_failed()) flush_failed_ = true;
    return fail(std::move(error));
  });
}

// Passive checkpoints never make a commit wait, but a log that is always written to is never started afresh by them.
Result<void> SqliteStore::checkpoint() {
  if (flush_failed_) return check_open_for_writes();
  const auto passive = run_checkpoint(SQLITE_CHECKPOINT_PASSIVE);
  if (!passive) return fail(passive.error());
  if (passive->bytes <= limits_.log_restart_bytes) log_too_long_ = false;
  const BootTime now = read_now().boot;
  if (passive->bytes <= limits_.log_restart_bytes || now < next_restart_) return {};
  const auto restarted = run_checkpoint(SQLITE_CHECKPOINT_RESTART);
  if (!restarted) return fail(restarted.error());
  if (restarted->held) next_restart_ = now + limits_.log_restart_pause;
  log_too_long_ = restarted->held && restarted->bytes > limits_.log_refuse_bytes;
  return log_too_long_ ? check_open_for_writes() : Result<void>{};
}

Result<void> SqliteStore::verify_audit() {
  AuditHead reached;
  for (bool ended = false; !ended;) {
    const auto step = db_->reader.with([&](Connection& db) { return verify_audit_step(db, reached, kAuditStep); });
    if (!step) return fail(step.error());
    ended = *step;
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Store>> open_sqlite_store(const std::string& path, const SqliteLimits& limits) {
  auto lock = take_ownership(path);
  if (!lock) return fail(lock.error());
  ONDOL_TRY(prepare_file(path));
  auto writer = open_connection(path);
  if (!writer) return fail(writer.error());
  if (auto migrated = migrate(*writer, schema_migrations()); !migrated) {
    if (migrated.error().where.empty()) migrated.error().where = path;
    return fail(migrated.error());
  }
  auto reader = open_connection(path);
  if (!reader) return fail(reader.error());
  auto checkpointer = open_connection(path);
  if (!checkpointer) return fail(checkpointer.error());
  // A restart of the log holds the writer's lock while it waits for readers: it may not wait long.
  sqlite3_busy_timeout(checkpointer->handle(), 100);
  return std::make_unique<SqliteStore>(
      std::unique_ptr<Connections>(new Connections{std::move(*lock), std::move(*writer),
                                                   Guarded<Connection>(std::move(*reader)),
                                                   Guarded<Connection>(std::move(*checkpointer))}),
      path, limits);
}

}  // namespace ondol::store
