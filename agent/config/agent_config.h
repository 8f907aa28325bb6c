// agent.yaml, read strictly, with every path and address overridable from the command line.
#pragma once

#include <string>

#include "common/base/clock.h"
#include "common/base/result.h"

namespace ondol::agent {

struct AgentConfig {
  std::string collector;          // host:port of 7443; empty = none: confirmed intent is enforced, nobody is told
  std::string enroll_address;     // empty = the collector's host, port 7444
  std::string server_name = "ondol-collector";  // what the collector's certificate must carry
  std::string state_dir = "/var/lib/ondol/agent";
  std::string identity_dir = "/var/lib/ondol/agent/identity";
  std::string guard_file = "/etc/ondol/guard.yaml";
  std::string local_socket = "/run/ondol/agent.sock";
  std::string metrics_listen = "127.0.0.1:9790";
  Milliseconds sweep{5'000};                    // 200 ms to 1 h
  int receive_buffer_bytes = 8 << 20;           // 64 KiB to 256 MiB
  std::string undo_socket = "/run/ondol/undo.sock";            // of ondol-undo; empty = trials without a keeper
  std::string preflight_socket = "/run/ondol/preflight.sock";  // of ondol-preflight; empty = the weaker check
  bool operator==(const AgentConfig&) const = default;
};

// Unknown keys, wrong types and bad addresses are errors with file:line:column.
Result<AgentConfig> parse_agent_config(const std::string& text, const std::string& file);
Result<AgentConfig> read_agent_config(const std::string& path);

// "10.0.0.9:7443", "[2001:db8::9]:7443", "collector.example:7443" -> host without brackets.
std::string host_of(const std::string& address);
std::string enroll_address_of(const AgentConfig& config);

}  // namespace ondol::agent
