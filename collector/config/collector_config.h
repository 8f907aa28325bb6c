// collector.yaml, read strictly, with every path and address overridable from the command line.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/result.h"

namespace CLI {
class App;
}

namespace ondol::collector {

struct CollectorConfig {
  std::string state_dir = "/var/lib/ondol/collector";  // store.db, ca/, identity/
  std::string agents_listen = "0.0.0.0:7443";
  Milliseconds heartbeat{30'000};                      // 1 s to 1 h
  std::size_t max_connections = 15'000;
  std::size_t max_per_source = 64;
  std::size_t accepts_per_second = 1'000;              // new connections; who is beyond it is told when to come back
  std::size_t max_handshakes = 64;                     // under way at a time
  std::string enroll_listen = "0.0.0.0:7444";
  std::string admin_socket = "/run/ondol/admin.sock";
  std::string admin_group = "ondol";                   // its members may ask; empty = root and our own user only
  std::string metrics_listen = "127.0.0.1:9791";
  std::size_t history_events_per_host = 20'000;        // stored events and closed drift of a host beyond it go, oldest first
  std::size_t history_days = 400;                      // so do older ones; the audit chain is never cut
  std::vector<std::string> names;                      // of the server certificate; ondol-collector is always added
  bool operator==(const CollectorConfig&) const = default;
};

// Unknown keys, wrong types and bad addresses are errors with file:line:column.
Result<CollectorConfig> parse_collector_config(const std::string& text, const std::string& file);
Result<CollectorConfig> read_collector_config(const std::string& path);

struct CommandLine {
  CollectorConfig config;
  bool version = false;  // print it and leave
};
// The usage text is the error's message when --help was asked for (kNotFound); kInvalidInput otherwise.
Result<CommandLine> parse_command_line(int argc, const char* const* argv);
// The command line as it is declared: the manual page is made from it.
void show_command_line(const std::function<void(const CLI::App&)>& show);

}  // namespace ondol::collector
