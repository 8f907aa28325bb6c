#include "agent/runtime/agent_runtime.h"

#include <netdb.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <utility>

#include "common/base/failpoint.h"
#include "common/journal/journal.h"
#include "common/loop/clocks.h"
#include "common/loop/sd_notify.h"

namespace ondol::agent {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::chrono::seconds kMetricsEvery{2}, kCalmEvery{30}, kMemoryEvery{5};
constexpr std::chrono::milliseconds kFlushGap{200}, kFlushRetry{5'000};  // events written meanwhile share one flush
constexpr std::size_t kMaxQueued = 8;     // messages behind one write: further heartbeats are not worth sending
constexpr std::size_t kMaxAsked = 64;     // local requests without an answer

IpPrefix whole(const IpAddress& address) { return {address, static_cast<std::uint8_t>(address_bits(address.family))}; }

// Blocks on the name service.
std::vector<IpPrefix> resolve(const std::string& host) {
  std::vector<IpPrefix> found;
  if (const auto literal = parse_address(host)) return {whole(*literal)};
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (::getaddrinfo(host.c_str(), nullptr, &hints, &list) != 0) return found;
  for (const addrinfo* at = list; at != nullptr; at = at->ai_next) {
    const bool v4 = at->ai_family == AF_INET;
    const void* raw = v4 ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in*>(at->ai_addr)->sin_addr)
                         : static_cast<const void*>(&reinterpret_cast<const sockaddr_in6*>(at->ai_addr)->sin6_addr);
    const auto address = address_from_bytes({static_cast<const std::uint8_t*>(raw), v4 ? 4U : 16U});
    if (address) found.push_back(whole(*address));
  }
  ::freeaddrinfo(list);
  return found;
}

}  // namespace

AgentRuntime::AgentRuntime(AgentConfig config, RuntimeParts parts)
    : config_(std::move(config)),
      parts_(std::move(parts)),
      core_(core_options(config_)),
      metrics_(parts_.exposer == nullptr ? nullptr : std::make_unique<AgentMetrics>(*parts_.exposer)),
      interpreter_(core_, {*parts_.routes, *parts_.state, *parts_.spool, *parts_.guard}, make_ports()),
      timer_(loop_, [this] { feed(TimerFired{}); }),
      kernel_(loop_, ::dup(parts_.routes->event_fd())),
      signals_(loop_, SIGTERM, SIGINT),
      watchdog_(loop_),
      metrics_timer_(loop_),
      flush_timer_(loop_),
      calm_timer_(loop_),
      memory_timer_(loop_),
      starts_(*parts_.state, [this](const std::string& reason) { feed(SafeModeSet{reason}); }),
      identity_(loop_, pool_, config_.identity_dir, parts_.renew),
      trial_desk_(loop_, config_, parts_.trial, [this](Happening what) { feed(std::move(what)); }) {
  const auto post = [this](std::function<void()> task) { asio::post(loop_, std::move(task)); };
  link_ = parts_.make_link(post, make_callbacks());
}

AgentRuntime::~AgentRuntime() {
  close_all();
  pool_.join();
  parts_.spool->flushed(flush_files(parts_.spool->take_unflushed()));
}

Ports AgentRuntime::make_ports() {
  Ports ports;
  ports.open_session = [this] { open_session(); };
  ports.close_session = [this] { link_->close(); };
  ports.send = [this](const session::ToCollector& message) { send(message); };
  ports.ready = [this] { notify_ready("enforcing; " + std::string(to_string(core_.status().session))); };
  ports.answer = [this](const Answer& answer) { on_answer(answer); };
  add_trial_ports(ports);
  if (metrics_) {
    ports.saw = [this](const Happening& what) { metrics_->saw(what); };
    ports.did = [this](const Effect& effect) { metrics_->did(effect); };
  }
  return ports;
}

void AgentRuntime::add_trial_ports(Ports& ports) {
  ports.preflight = [this](const Preflight& effect) { trial_desk_.preflight(effect); };
  ports.run_probes = [this](const RunProbes& effect) { trial_desk_.run_probes(effect); };
  ports.make_contact = [this](const MakeContact& effect) { trial_desk_.make_contact(effect, session_target()); };
  ports.arm_undo = [this](const ArmUndo& effect) { trial_desk_.arm(effect); };
  ports.disarm_undo = [this](const DisarmUndo&) { trial_desk_.disarm(); };
}

SessionCallbacks AgentRuntime::make_callbacks() {
  SessionCallbacks callbacks;
  callbacks.on_open = [this] { feed(SessionOpened{identity_.facts() ? *identity_.facts()->host : HostId{}}); };
  callbacks.on_message = [this](session::ToAgent message) { feed(SessionReceived{std::move(message)}); };
  callbacks.on_closed = [this](std::string reason, bool refused) { feed(SessionClosed{std::move(reason), refused}); };
  return callbacks;
}

Result<void> AgentRuntime::open() {
  auto server = LocalServer::open(loop_, config_.local_socket,
                                  [this](const LocalCall& call, LocalAnswer answer) { on_local(call, std::move(answer)); });
  if (!server) return fail(server.error());
  local_ = std::move(*server);
  return {};
}

void AgentRuntime::run() {
  starts_.begin(read_boot_id(), read_now().boot);
  ONDOL_FAILPOINT("started");  // an agent that gets no further than this, however often it is started
  every(calm_timer_, kCalmEvery, [this] { starts_.look(read_now().boot); });
  every(memory_timer_, kMemoryEvery, [this] { memory_.look(); });
  identity_.start();
  resolve_collector();
  wait_for_kernel();
  wait_for_signal();
  if (const auto interval = watchdog_interval()) every(watchdog_, *interval, [] { notify_watchdog(); });
  if (metrics_) every(metrics_timer_, kMetricsEvery, [this] { show_metrics(); });
  interpreter_.boot();
  timer_.arm(interpreter_.wake_at());
  loop_.run();
}

void AgentRuntime::stop() {
  asio::post(loop_, [this] {
    starts_.end();
    close_all();
  });
}

void AgentRuntime::close_all() {
  error_code ignored;
  kernel_.close(ignored);
  signals_.cancel(ignored);
  timer_.stop();
  watchdog_.cancel();
  metrics_timer_.cancel();
  calm_timer_.cancel();
  memory_timer_.cancel();
  flush_timer_.cancel();
  identity_.stop();
  local_.reset();
  link_.reset();
  loop_.stop();
}

void AgentRuntime::feed(Happening what) {
  interpreter_.feed(std::move(what));
  timer_.arm(interpreter_.wake_at());
  flush_soon();
}

void AgentRuntime::wait_for_kernel() {
  kernel_.async_wait(asio::posix::stream_descriptor::wait_read, [this](const error_code& error) {
    if (error) return;
    interpreter_.drain_kernel();
    timer_.arm(interpreter_.wake_at());
    flush_soon();
    wait_for_kernel();
  });
}

void AgentRuntime::wait_for_signal() {
  signals_.async_wait([this](const error_code& error, int number) {
    if (error) return;
    notify_stopping();
    starts_.end();
    journal::write(journal::Event::agent_stopping, "signal " + std::to_string(number) + "; routes stay as they are");
    close_all();
  });
}

// The loop really turned when this runs.
void AgentRuntime::every(asio::steady_timer& timer, std::chrono::milliseconds interval, std::function<void()> task) {
  task();
  timer.expires_after(interval);
  timer.async_wait([this, &timer, interval, task](const error_code& error) {
    if (!error) every(timer, interval, task);
  });
}

void AgentRuntime::open_session() {
  if (config_.collector.empty()) return interpreter_.feed(SessionClosed{"no collector is configured", true});
  if (!identity_.facts()) return interpreter_.feed(SessionClosed{identity_.problem(), true});
  resolve_collector();
  link_->open(session_target());
}

SessionTarget AgentRuntime::session_target() const {
  return {config_.collector, config_.server_name, config_.identity_dir + "/current"};
}

void AgentRuntime::send(const session::ToCollector& message) {
  if (std::holds_alternative<session::Heartbeat>(message) && link_->queued() > kMaxQueued) return;
  link_->send(message);
}

void AgentRuntime::resolve_collector() {
  if (config_.collector.empty()) return;
  asio::post(pool_, [this, host = host_of(config_.collector)] {
    auto path = resolve(host);
    if (path.empty()) return;
    asio::post(loop_, [this, path = std::move(path)] { feed(CollectorResolved{path}); });
  });
}

void AgentRuntime::on_local(const LocalCall& call, LocalAnswer answer) {
  if (call.verb == "status") {
    return answer({true, "", render_json(facts()).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)});
  }
  static const std::map<std::string, LocalRequest::Verb> kVerbs{{"hold", LocalRequest::Verb::kHold},
                                                                {"release", LocalRequest::Verb::kRelease},
                                                                {"rollback", LocalRequest::Verb::kRollback},
                                                                {"withdraw", LocalRequest::Verb::kWithdraw}};
  const auto verb = kVerbs.find(call.verb);
  if (verb == kVerbs.end()) return answer({false, "unknown verb; there are status, hold, release, rollback, withdraw", {}});
  if (asked_.size() >= kMaxAsked) return answer({false, "busy, try again", {}});
  const std::uint64_t id = next_request_++;
  asked_[id] = std::move(answer);
  if (verb->second == LocalRequest::Verb::kRelease) starts_.release();
  feed(LocalRequest{verb->second, id, call.who});
}

void AgentRuntime::on_answer(const Answer& answer) {
  const auto waiting = asked_.extract(answer.id);
  if (waiting) waiting.mapped()({answer.accepted, answer.text, {}});
}

// The loop never waits for the disk on account of events: a repair may be due.
void AgentRuntime::flush_soon() {
  if (is_flushing_ || !parts_.spool->has_unflushed()) return;
  is_flushing_ = true;
  flush_timer_.expires_after(parts_.spool->problem().empty() ? kFlushGap : kFlushRetry);
  flush_timer_.async_wait([this](const error_code& error) {
    if (!error) flush_events();
  });
}

void AgentRuntime::flush_events() {
  asio::post(pool_, [this, files = parts_.spool->take_unflushed()] {
    asio::post(loop_, [this, result = flush_files(files)] {
      is_flushing_ = false;
      parts_.spool->flushed(result);
      flush_soon();
    });
  });
}

void AgentRuntime::show_metrics() {
  const auto& identity = identity_.facts();
  metrics_->show(core_.status(), {parts_.spool->depth(), parts_.spool->dropped()},
                 identity ? std::optional(identity->not_after) : std::nullopt, read_now());
}

AgentFacts AgentRuntime::facts() {
  AgentFacts facts;
  facts.core = core_.status();
  facts.version = ONDOL_VERSION;
  if (const auto& identity = identity_.facts()) {
    facts.host = identity->host->value;
    facts.certificate_expires = identity->not_after;
  }
  facts.identity_problem = identity_.problem();
  facts.spool_depth = parts_.spool->depth();
  facts.events_lost = parts_.spool->dropped();
  facts.spool_problem = parts_.spool->problem();
  facts.now = read_now();
  return facts;
}

}  // namespace ondol::agent
