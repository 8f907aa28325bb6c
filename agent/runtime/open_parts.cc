#include <sys/random.h>

#include <array>
#include <fstream>

#include "agent/runtime/agent_runtime.h"
#include "common/base/failpoint.h"
#include "common/loop/sd_notify.h"

namespace ondol::agent {
namespace {

std::string random_id() {
  std::array<std::uint8_t, 16> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) std::abort();
  return to_hex(bytes);
}

}  // namespace

std::string read_boot_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id;
}

CoreOptions core_options(const AgentConfig& config) {
  return {{ONDOL_VERSION, read_boot_id(), random_id()}, config.sweep, !config.undo_socket.empty(),
          !is_overridden("guard")};
}

Result<RuntimeParts> open_parts(const AgentConfig& config) {
  RuntimeParts parts;
  auto state = StateDir::open(config.state_dir);
  if (!state) return fail(state.error());
  parts.state = std::make_unique<StateDir>(std::move(*state));
  auto spool = EventSpool::open(config.state_dir + "/events");
  if (!spool) return fail(spool.error());
  parts.spool = std::make_unique<EventSpool>(std::move(*spool));
  routes::RouteSocketOptions options;
  options.receive_buffer_bytes = config.receive_buffer_bytes;
  options.hear_starts = true;
  options.starts_socket = handed_over("process-events");
  auto routes = routes::open_route_socket(options);
  if (!routes) return fail(routes.error());
  parts.routes = std::move(*routes);
  parts.guard = std::make_unique<GuardFile>(config.guard_file);
  parts.trial = make_trial_edges(config);
  return parts;
}

}  // namespace ondol::agent
