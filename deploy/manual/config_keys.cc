#include "deploy/manual/config_keys.h"

namespace ondol::manual {
namespace {

Option key(const std::string& name, const std::string& value, const std::string& text,
           const std::string& fallback = "") {
  Option option;
  option.names = {name};
  option.value = value;
  option.text = text;
  option.fallback = fallback;
  return option;
}

}  // namespace

Command agent_file() {
  return {
      "ondol-agent.yaml",
      "ondol-agent.yaml: what /etc/ondol/agent.yaml says to ondol-agent, ondol-undo and ondol-restore",
      {key("collector.address", "HOST:PORT",
           "where sessions are served; without it confirmed intent is enforced and nobody is told"),
       key("collector.enroll_address", "HOST:PORT", "where certificates are issued",
           "the collector's host, port 7444"),
       key("collector.server_name", "NAME", "what the collector's certificate must carry", "ondol-collector"),
       key("state_dir", "PATH", "what the agent remembers: spool, confirmed intent, journal",
           "/var/lib/ondol/agent"),
       key("identity_dir", "PATH", "key and certificate", "/var/lib/ondol/agent/identity"),
       key("guard_file", "PATH", "what this host refuses whatever the collector says",
           "/etc/ondol/guard.yaml"),
       key("local_socket", "PATH", "where status, hold, release, rollback and withdraw are asked for",
           "/run/ondol/agent.sock"),
       key("metrics.listen", "ADDRESS:PORT", "where Prometheus reads /metrics", "127.0.0.1:9790"),
       key("routes.sweep", "DURATION",
           "how often everything is verified; events are seen at once; 200ms to 1h", "5s"),
       key("routes.receive_buffer_bytes", "BYTES", "for kernel events; 64 KiB to 256 MiB", "8 MiB"),
       key("trial.undo_socket", "PATH", "where ondol-undo listens; empty: trials without it",
           "/run/ondol/undo.sock"),
       key("trial.preflight_socket", "PATH", "where ondol-preflight listens; empty: the weaker check",
           "/run/ondol/preflight.sock")},
      {}};
}

Command collector_file() {
  return {
      "ondol-collector.yaml",
      "ondol-collector.yaml: what /etc/ondol/collector.yaml says to ondol-collector",
      {key("state_dir", "PATH", "store, certificate authority and identity", "/var/lib/ondol/collector"),
       key("agents.listen", "ADDRESS:PORT", "for agents: mutual TLS only", "0.0.0.0:7443"),
       key("agents.heartbeat", "DURATION", "how often agents say that they are there; 1s to 1h", "30s"),
       key("agents.max_connections", "NUMBER", "of agents at a time", "15000"),
       key("agents.max_per_source", "NUMBER", "connections of one address at a time", "64"),
       key("agents.accepts_per_second", "NUMBER", "new connections; others are told when to come back", "1000"),
       key("agents.max_handshakes", "NUMBER", "of them under way at a time: agents that are in come first", "64"),
       key("enroll.listen", "ADDRESS:PORT", "for enrolment and renewal", "0.0.0.0:7444"),
       key("admin.socket", "PATH", "for operators", "/run/ondol/admin.sock"),
       key("admin.group", "GROUP", "its members may ask; empty: root and the collector's own user only",
           "ondol"),
       key("metrics.listen", "ADDRESS:PORT", "where Prometheus reads /metrics", "127.0.0.1:9791"),
       key("history.events_per_host", "NUMBER", "of a host's stored events and closed drift beyond it the oldest go", "20000"),
       key("history.days", "NUMBER", "older events go; the audit chain is never cut", "400"),
       key("names", "LIST", "every DNS name or address agents use for this collector; at most 64")},
      {}};
}

Command guard_file() {
  return {"ondol-guard.yaml",
          "ondol-guard.yaml: what /etc/ondol/guard.yaml lets nobody do to this host from remote",
          {key("remote_apply.routes", "true|false", "whether new intent is taken at all", "true"),
           key("protected.prefixes", "LIST", "routes that cover these are neither removed nor led elsewhere"),
           key("protected.interfaces", "LIST", "routes over these are not changed; names may hold *"),
           key("protected.default_route", "true|false",
               "a default route of table main is not removed, and nothing blackholes everything", "false"),
           key("max_deletion_percent", "0-100", "of ten or more routes; no revision overrides it", "100"),
           key("max_changes_per_apply", "NUMBER", "a generation with more is refused", "no limit"),
           key("max_changes_per_hour", "NUMBER", "a generation beyond it waits", "no limit"),
           key("windows", "LIST", "\"Mon-Fri 08:00-18:00\": outside of them generations wait", "always open"),
           key("timezone", "NAME", "of the windows", "UTC"),
           key("trial.min", "DURATION", "the shortest trial a revision may ask for", "5s"),
           key("trial.max", "DURATION", "the longest one", "1h"),
           key("hold", "true|false", "nothing is written until it is false", "false")},
          {}};
}

}  // namespace ondol::manual
