// The agent's loop: kernel, timer, collector, local socket and identity, all on one thread around the interpreter.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "agent/config/agent_config.h"
#include "agent/local/local_server.h"
#include "agent/local/status_view.h"
#include "agent/runtime/agent_metrics.h"
#include "agent/runtime/boot_timer.h"
#include "agent/runtime/identity_keeper.h"
#include "agent/runtime/interpreter.h"
#include "agent/runtime/memory_keeper.h"
#include "agent/runtime/start_watch.h"
#include "agent/runtime/trial_desk.h"
#include "agent/session/session_link.h"

namespace ondol::agent {

using MakeLink = std::function<std::unique_ptr<SessionLink>(PostToLoop, SessionCallbacks)>;

// What a runtime is built of; tests give other ones.
struct RuntimeParts {
  std::unique_ptr<routes::RouteSocket> routes;
  std::unique_ptr<StateDir> state;
  std::unique_ptr<EventSpool> spool;
  std::unique_ptr<GuardFile> guard;
  MakeLink make_link;
  TrialEdges trial;
  RenewIdentity renew;               // may be empty
  metrics::Exposer* exposer = nullptr;  // may be null
};
// Opens what `config` names: kernel socket, state directory, spool, guard file.
Result<RuntimeParts> open_parts(const AgentConfig& config);
CoreOptions core_options(const AgentConfig& config);
std::string read_boot_id();

// Thread: the one that calls run(). The pool has one thread for what may block: renewal, name resolution, flushing events.
class AgentRuntime {
 public:
  AgentRuntime(AgentConfig config, RuntimeParts parts);
  ~AgentRuntime();

  Result<void> open();  // the local socket
  void run();           // until SIGTERM, SIGINT or stop()
  void stop();          // thread: any

 private:
  Ports make_ports();
  SessionCallbacks make_callbacks();
  void feed(Happening what);
  void wait_for_kernel();
  void wait_for_signal();
  void every(boost::asio::steady_timer& timer, std::chrono::milliseconds interval, std::function<void()> task);
  void open_session();
  void send(const session::ToCollector& message);
  SessionTarget session_target() const;
  void add_trial_ports(Ports& ports);
  void resolve_collector();
  void on_local(const LocalCall& call, LocalAnswer answer);
  void on_answer(const Answer& answer);
  void show_metrics();
  void flush_soon();
  void flush_events();
  AgentFacts facts();
  void close_all();

  AgentConfig config_;
  RuntimeParts parts_;
  boost::asio::io_context loop_{1};
  boost::asio::thread_pool pool_{1};
  AgentCore core_;
  std::unique_ptr<AgentMetrics> metrics_;
  Interpreter interpreter_;
  BootTimer timer_;
  boost::asio::posix::stream_descriptor kernel_;
  boost::asio::signal_set signals_;
  boost::asio::steady_timer watchdog_, metrics_timer_, flush_timer_, calm_timer_, memory_timer_;
  MemoryKeeper memory_;
  StartWatch starts_;
  IdentityKeeper identity_;
  TrialDesk trial_desk_;
  std::unique_ptr<SessionLink> link_;
  std::unique_ptr<LocalServer> local_;
  std::map<std::uint64_t, LocalAnswer> asked_;
  std::uint64_t next_request_ = 1;
  bool is_flushing_ = false;
};

}  // namespace ondol::agent
