// ondol-agent: what this host is and does, kept as its owners wrote it.
#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "agent/config/command_line.h"
#include "agent/enroll/enroll_client.h"
#include "agent/host/routes/inspect_routes.h"
#include "agent/local/local_client.h"
#include "agent/local/status_view.h"
#include "agent/runtime/agent_runtime.h"
#include "agent/runtime/memory_keeper.h"
#include "agent/runtime/offline.h"
#include "common/journal/journal.h"
#include "common/loop/clocks.h"

namespace {

using namespace ondol;
using namespace ondol::agent;

constexpr int kDone = 0, kFailed = 1, kUsage = 2, kUnreachable = 4;

int exit_code(Errc code) {
  const bool usage = code == Errc::kInvalidInput || code == Errc::kNotFound;
  return usage ? kUsage : code == Errc::kUnavailable || code == Errc::kRefused ? kUnreachable : kFailed;
}

int complain(const Error& error) {
  fmt::print(stderr, "ondol-agent: {}\n", render(error));
  return exit_code(error.code);
}

int fail_loudly(const Error& error) {
  journal::write(journal::Event::agent_failed, render(error));
  return kFailed;
}

EnrollTarget enroll_target(const AgentConfig& config) {
  return {enroll_address_of(config), config.server_name, config.identity_dir};
}

int run(const AgentConfig& config) {
  auto parts = open_parts(config);
  if (!parts) return fail_loudly(parts.error());
  auto exposer = metrics::Exposer::open(config.metrics_listen, "ondol-agent", ONDOL_VERSION);
  if (!exposer) return fail_loudly(exposer.error());
  parts->exposer = exposer->get();
  parts->make_link = make_grpc_session_link;
  parts->renew = [target = enroll_target(config)]() -> Result<void> {
    return renew(target, read_now().wall).map([](const pki::CertificateFacts&) {});
  };
  if (config.undo_socket.empty()) journal::write(journal::Event::undo_switched_off, "trials are undone by the agent alone");
  AgentRuntime runtime(config, std::move(*parts));
  if (const auto opened = runtime.open(); !opened) return fail_loudly(opened.error());
  runtime.run();
  return kDone;
}

int enroll_here(const CommandLine& line) {
  if (line.config.collector.empty()) return complain({Errc::kInvalidInput, "no collector is given", "", "use --collector"});
  const auto enrolled = enroll(enroll_target(line.config), line.token, read_now().wall);
  if (!enrolled) return complain(enrolled.error());
  fmt::print("enrolled as {}; the identity is in {}\n", enrolled->host->value, line.config.identity_dir);
  return kDone;
}

int inspect() {
  const auto text = routes::inspect_routes({});
  if (!text) return complain(text.error());
  fmt::print("{}\n", *text);
  return kDone;
}

int show_status(const CommandLine& line) {
  const auto answer = send_local(line.config.local_socket, "status");
  if (!answer) return complain(answer.error());
  const auto status = nlohmann::json::parse(answer->status, nullptr, false);
  fmt::print("{}", line.as_json ? status.dump(2) + "\n" : render_text(status));
  return kDone;
}

// Asks the running agent; with none, does it here.
int change(const CommandLine& line, const std::string& verb) {
  const auto answer = send_local(line.config.local_socket, verb);
  if (answer) {
    fmt::print(answer->accepted ? stdout : stderr, "{}\n", answer->text);
    return answer->accepted ? kDone : kFailed;
  }
  if (answer.error().code != Errc::kUnavailable) return complain(answer.error());
  auto parts = open_parts(line.config);
  if (!parts) return complain(parts.error());
  const auto done = verb == "withdraw"   ? withdraw_ours(*parts)
                    : verb == "rollback" ? roll_back(line.config, *std::move(parts))
                                         : set_hold(*parts, verb == "hold");
  if (!done) return complain(done.error());
  fmt::print("{}\n", *done);
  return kDone;
}

int dispatch(const CommandLine& line) {
  switch (line.command) {
    case Command::kRun: return run(line.config);
    case Command::kEnroll: return enroll_here(line);
    case Command::kInspectRoutes: return inspect();
    case Command::kStatus: return show_status(line);
    case Command::kHold: return change(line, "hold");
    case Command::kRelease: return change(line, "release");
    case Command::kRollback: return change(line, "rollback");
    case Command::kWithdraw: return change(line, "withdraw");
    case Command::kVersion: fmt::print("ondol-agent {}\n", ONDOL_VERSION); return kDone;
  }
  return kUsage;
}

}  // namespace

int main(int argc, char** argv) {
  use_one_heap();
  const auto line = parse_command_line(argc, argv);
  if (line) return dispatch(*line);
  const bool asked_for_help = line.error().code == Errc::kNotFound && line.error().where.empty();
  if (!asked_for_help) return complain(line.error());
  fmt::print("{}", line.error().message);
  return kDone;
}
