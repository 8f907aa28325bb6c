#include "collector/collector_process.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <filesystem>

#include "common/journal/journal.h"
#include "common/loop/clocks.h"

namespace ondol::collector {
namespace {

constexpr Seconds kCertificateInterval{60};
constexpr Seconds kMetricsInterval{1};
constexpr Milliseconds kStopPatience{2'000};
constexpr std::size_t kFewestDescriptors = 1'024, kOtherDescriptors = 64;

Result<void> make_state_dir(const std::string& path) {
  std::error_code error;
  const bool made = std::filesystem::create_directories(path, error);
  if (error) return fail(Errc::kIo, error.message(), path, "make the directory and give it to this user");
  if (made) std::filesystem::permissions(path, std::filesystem::perms::owner_all, error);
  return {};
}

// One descriptor per agent, and some. Returns how many this process may have.
std::size_t raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return kFewestDescriptors;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

// What agents may have of them: a part stays for the store, operators, enrolment, ports that are tried, and handshakes,
// which take two each. So agents meet a limit that tells them when to come back, and the rest goes on.
std::size_t room_for_agents(std::size_t descriptors, std::size_t wanted, std::size_t handshakes) {
  const std::size_t others = kOtherDescriptors + descriptors / 8 + std::min(handshakes, descriptors / 8);
  return std::min(wanted, descriptors > others ? descriptors - others : 1);
}

}  // namespace

Result<std::unique_ptr<CollectorProcess>> CollectorProcess::start(CollectorConfig config, std::string version) {
  const std::size_t descriptors = raise_descriptor_limit();
  config.max_connections = room_for_agents(descriptors, config.max_connections, config.max_handshakes);
  std::unique_ptr<CollectorProcess> process(new CollectorProcess(std::move(config), std::move(version)));
  process->descriptors_ = descriptors;
  process->started_ = read_now().wall;
  ONDOL_TRY(process->open_store());
  ONDOL_TRY(process->open_identity());
  ONDOL_TRY(process->open_metrics());
  ONDOL_TRY(process->open_core());
  ONDOL_TRY(process->open_doors());
  return process;
}

Result<void> CollectorProcess::open_store() {
  ONDOL_TRY(make_state_dir(config_.state_dir));
  auto store = store::open_sqlite_store(config_.state_dir + "/store.db");
  if (!store) return fail(store.error());
  store_ = *std::move(store);
  return {};
}

Result<void> CollectorProcess::open_identity() {
  auto ca = open_authority(paths_, started_);
  if (!ca) return fail(ca.error());
  ca_ = *std::move(ca);
  return renew_certificate(started_);
}

Result<void> CollectorProcess::renew_certificate(WallTime now) {
  certificate_checked_ = now;
  const auto identity = ensure_server_identity(paths_, ca_, config_.names, now);
  if (!identity) return fail(identity.error());
  server_not_after_ = identity->facts.not_after;
  if (!identity->renewed) return {};
  journal::write(journal::Event::server_certificate_renewed, "valid until " + ondol::render(server_not_after_));
  return {};
}

Result<void> CollectorProcess::open_metrics() {
  auto exposer = metrics::Exposer::open(config_.metrics_listen, "ondol-collector", version_);
  if (!exposer) return fail(exposer.error());
  exposer_ = *std::move(exposer);
  metrics_ = std::make_unique<RuntimeMetrics>(*exposer_);
  return {};
}

store::WriterObservers CollectorProcess::observers() {
  store::WriterObservers observers;
  observers.commit_ended = [this](Nanoseconds duration, bool stored) {
    metrics_->note_commit(duration);
    if (stored) health_.note_stored();
  };
  observers.disk_failed = [this](const Error& error) { health_.note_failed(error); };
  return observers;
}

Result<void> CollectorProcess::open_core() {
  writer_ = std::make_unique<store::BatchedWriter>(*store_, store::WriterLimits{}, observers());
  runtime_ = std::make_unique<CollectorRuntime>(*store_, *writer_, CoreOptions{config_.heartbeat, version_});
  ONDOL_TRY(runtime_->load());
  backend_ = std::make_unique<StoreEnrollBackend>(*store_, *writer_, *runtime_);
  const Sha256 ca_hash = pki::certificate_der_hash(ca_.certificate);
  history_ = std::make_unique<HistoryKeeper>(
      *writer_, HistoryBounds{config_.history_events_per_host, static_cast<int>(config_.history_days)});
  intent_ = std::make_unique<IntentAnswers>(*store_);
  desk_ = std::make_unique<ChangeDesk>(ChangeDesk::Parts{*store_, *writer_, *runtime_, ca_hash});
  return {};
}

Result<void> CollectorProcess::open_doors() {
  SessionServerOptions agents;
  agents.listen = config_.agents_listen;
  agents.identity_dir = paths_.current;
  agents.max_connections = config_.max_connections;
  agents.max_per_source = config_.max_per_source;
  agents.accepts_per_second = config_.accepts_per_second;
  agents.max_handshakes = config_.max_handshakes;
  show_limits(agents);
  auto sessions = start_session_server(agents, runtime_->session_events(), runtime_->timer());
  if (!sessions) return fail(sessions.error());
  sessions_ = *std::move(sessions);
  runtime_->attach(*sessions_);

  enroll::EnrollServerConfig enrolling{config_.enroll_listen, paths_.current};
  enrolling.count = [this](const enroll::EnrollCount& what) { metrics_->note_enrolment(what); };
  auto enrolment = enroll::start_enroll_server(std::move(enrolling), ca_, *backend_);
  if (!enrolment) return fail(enrolment.error());
  enrolment_ = *std::move(enrolment);

  AdminService::Parts parts{*store_, *writer_, *runtime_, *desk_, *intent_, health_, version_, started_};
  auto admin = AdminServer::open(std::move(parts), {config_.admin_socket, config_.admin_group});
  if (!admin) return fail(admin.error());
  admin_ = *std::move(admin);
  return {};
}

void CollectorProcess::show_limits(const SessionServerOptions& agents) {
  const auto seconds = [](Milliseconds time) { return static_cast<double>(time.count()) / 1e3; };
  const auto number = [](std::size_t count) { return static_cast<double>(count); };
  const enroll::AdmissionLimits enrolling;
  metrics_->set_limits({{"connections", number(agents.max_connections)},
                        {"connections_per_source", number(agents.max_per_source)},
                        {"handshakes", number(agents.max_handshakes)},
                        {"accepts_per_second", number(agents.accepts_per_second)},
                        {"descriptors", number(descriptors_)},
                        {"handshake_seconds", seconds(agents.handshake_limit)},
                        {"contact_seconds", seconds(agents.contact_limit)},
                        {"enrolment_connections", number(enrolling.connections)},
                        {"enrolments_per_second", enrolling.rate_per_second},
                        {"store_queue", number(store::WriterLimits{}.queued_writes)}});
}

// ---- while it serves ----

Result<void> CollectorProcess::turn() {
  if (store_->must_reopen()) {
    return fail(Errc::kIo, "the disk lost a write: the store must be opened again", config_.state_dir,
                "look at the kernel log and the disk");
  }
  const WallTime now = read_now().wall;
  if (now - metrics_copied_ >= kMetricsInterval) {
    metrics_copied_ = now;
    copy_metrics();
  }
  if (now - certificate_checked_ >= kCertificateInterval) {
    const auto renewed = renew_certificate(now);
    if (!renewed) journal::write(journal::Event::server_certificate_failed, ondol::render(renewed.error()));
  }
  keep_history(now);
  return {};
}

void CollectorProcess::keep_history(WallTime now) {
  if (history_->wants_hosts(now)) {
    auto hosts = runtime_->ask([](const CollectorCore& core) {
      std::vector<HostId> names;
      for (const auto& [host, state] : core.hosts()) names.push_back(host);
      return names;
    });
    if (hosts) history_->begin_round(std::move(*hosts), now);
  }
  history_->turn(now);
}

void CollectorProcess::copy_metrics() {
  const auto view = runtime_->ask([](const CollectorCore& core) {
    return std::make_tuple(core.stats(), core.counters(), core.store_error());
  });
  if (!view) return;
  metrics_->copy(std::get<0>(*view), std::get<1>(*view));
  metrics_->copy(sessions_->counters());
  metrics_->copy(*backend_);
  metrics_->count_hits("store_queue", writer_->times_full());
  metrics_->set_store(writer_->queued_writes(), !health_.error().empty() || !std::get<2>(*view).empty());
  metrics_->set_server_certificate(server_not_after_);
}

// The writer is asked for a sign of life, which it must have given when this is called again.
bool CollectorProcess::has_turned() {
  const std::uint64_t shard = runtime_->turns();
  const bool turned = shard != shard_turns_ && writer_turns_ == writer_asked_;
  shard_turns_ = shard;
  if (writer_turns_ == writer_asked_ && writer_->submit({}, [this](const Result<void>&) { ++writer_turns_; })) {
    ++writer_asked_;
  }
  return turned;
}

std::string CollectorProcess::summary() const {
  return fmt::format("at most {} agents on {}, enrolment on {}, operators on {}, metrics on port {}", config_.max_connections,
                     config_.agents_listen, config_.enroll_listen, config_.admin_socket, exposer_->port());
}

void CollectorProcess::stop() {
  if (!runtime_) return;
  if (sessions_) runtime_->stop(kStopPatience);
  if (admin_) admin_->stop();
  if (enrolment_) enrolment_->stop();
  if (sessions_) sessions_->stop();
  writer_->stop();
  admin_.reset();
  enrolment_.reset();
  sessions_.reset();
  runtime_.reset();
}

}  // namespace ondol::collector
