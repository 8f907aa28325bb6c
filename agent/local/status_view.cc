#include "agent/local/status_view.h"

#include <fmt/format.h>

namespace ondol::agent {
namespace {

using nlohmann::json;

json author_json(const Author& author) {
  const auto field = [](const auto& value) { return value ? json(*value) : json(nullptr); };
  return {{"pid", field(author.pid)},         {"comm", field(author.comm)}, {"command", field(author.command)},
          {"unit", field(author.unit)},       {"session", field(author.session)},
          {"user", field(author.user)},       {"ssh_from", field(author.ssh_from)}};
}

json object_json(const session::RouteObjectState& object) {
  return {{"key", render(object.key)},
          {"state", to_string(object.state)},
          {"reason", object.reason},
          {"since", render(object.since)},
          {"contender", object.contender ? author_json(*object.contender) : json(nullptr)}};
}

json routes_json(const AgentFacts& facts) {
  const CoreStatus& core = facts.core;
  json by_state = json::object();
  for (const auto& [state, count] : core.by_state) by_state[std::string(to_string(state))] = count;
  json objects = json::array();
  for (const auto& object : core.not_in_sync) objects.push_back(object_json(object));
  // Tenths: an age to the nanosecond tells nobody anything.
  const auto tenths = core.last_read ? (facts.now.boot - *core.last_read) / Milliseconds{100} : 0;
  const double age = static_cast<double>(tenths) / 10;
  return {{"mode", !core.managed ? "unmanaged" : core.enforces ? "enforce" : "report"},
          {"wanted", core.wanted},
          {"observed", core.observed},
          {"by_state", by_state},
          {"not_in_sync", objects},
          {"contested", core.contested},
          {"sweep_age_seconds", core.last_read ? json(age) : json(nullptr)},
          {"sweeps", core.rounds},
          {"error", core.observer_error}};
}

json trial_json(const AgentFacts& facts) {
  const CoreStatus& core = facts.core;
  json probes = json::array();
  for (const trial::ProbeResult& probe : core.probes) {
    probes.push_back({{"probe", trial::render(probe.target)}, {"color", probe.green ? "green" : "red"}, {"text", probe.text}});
  }
  const auto left = core.trial_deadline ? std::max<std::int64_t>(0, (*core.trial_deadline - facts.now.boot) / Milliseconds{1}) : 0;
  const bool runs = core.trial_deadline.has_value();
  return {{"generation", runs ? json(core.generations.trial.value) : json(nullptr)},
          {"seconds_left", runs ? json(static_cast<double>(left / 100) / 10) : json(nullptr)},
          {"probes", probes}};
}

// A value by its path, as text; "unknown" when it is not there or null.
std::string text_at(const json& tree, const char* pointer) {
  const json::json_pointer path(pointer);
  if (!tree.contains(path) || tree.at(path).is_null()) return "unknown";
  const json& value = tree.at(path);
  return value.is_string() ? escaped(value.get<std::string>()) : value.dump();
}

std::string line(const char* name, const std::string& value) { return fmt::format("{:<14}{}\n", name, value); }

std::string with_reason(const std::string& value, const std::string& reason) {
  return reason.empty() || reason == "unknown" ? value : value + ": " + reason;
}

std::string trial_text(const json& status) {
  const json trial = status.value("trial", json::object());
  const bool runs = trial.contains("generation") && !trial["generation"].is_null();
  if (!runs) return {};
  std::string text = line("trial", fmt::format("generation {}, undone in {} s unless it is confirmed",
                                               text_at(trial, "/generation"), text_at(trial, "/seconds_left")));
  const json probes = trial.value("probes", json::array());
  for (const json& probe : probes) {
    text += fmt::format("{:<14}{:>7} {}: {}\n", "", text_at(probe, "/color"), text_at(probe, "/probe"), text_at(probe, "/text"));
  }
  return text;
}

std::string routes_text(const json& status) {
  std::string text = line("routes", fmt::format("{} wanted, {} observed, mode {}", text_at(status, "/routes/wanted"),
                                                text_at(status, "/routes/observed"), text_at(status, "/routes/mode")));
  const json routes = status.value("routes", json::object());
  const json by_state = routes.value("by_state", json::object());
  const json objects = routes.value("not_in_sync", json::array());
  for (const auto& [state, count] : by_state.items()) {
    if (count != 0) text += fmt::format("{:<14}{:>7} {}\n", "", count.dump(), escaped(state));
  }
  for (const json& object : objects) {
    text += fmt::format("{:<14}        {} {}\n", "", text_at(object, "/key"),
                        with_reason(text_at(object, "/state"), text_at(object, "/reason")));
  }
  text += line("last sweep", with_reason(text_at(status, "/routes/sweep_age_seconds") + " s ago", text_at(status, "/routes/error")));
  return text;
}

}  // namespace

json render_json(const AgentFacts& facts) {
  const CoreStatus& core = facts.core;
  const json expires = facts.certificate_expires ? json(render(*facts.certificate_expires)) : json(nullptr);
  return {{"version", facts.version},
          {"ready", core.ready},
          {"identity", {{"host", facts.host.empty() ? json(nullptr) : json(facts.host)}, {"certificate_expires", expires},
                        {"problem", facts.identity_problem}}},
          {"session", {{"state", to_string(core.session)}, {"reason", core.session_reason}, {"since", render(core.session_since)}}},
          {"generation", {{"received", core.generations.received.value}, {"applied", core.generations.applied.value},
                          {"running", core.generations.running.value}, {"blocked", core.generations.blocked}}},
          {"held", core.held_here || core.held_by_guard},
          {"held_by_guard", core.held_by_guard},
          {"guard_problem", core.guard_problem},
          {"safe_mode", core.safe_mode.empty() ? json(nullptr) : json(core.safe_mode)},
          {"trial", trial_json(facts)},
          {"routes", routes_json(facts)},
          {"events", {{"next", core.next_event.value}, {"waiting", facts.spool_depth}, {"lost", facts.events_lost},
                      {"problem", facts.spool_problem}}},
          {"storage_error", core.storage_error},
          {"now", render(facts.now.wall)}};
}

std::string render_text(const json& status) {
  std::string text = line("host", with_reason(text_at(status, "/identity/host"), text_at(status, "/identity/problem")));
  text += line("version", text_at(status, "/version"));
  text += line("certificate", "expires " + text_at(status, "/identity/certificate_expires"));
  text += line("session", with_reason(text_at(status, "/session/state") + " since " + text_at(status, "/session/since"),
                                      text_at(status, "/session/reason")));
  text += line("generation", fmt::format("received {}, applied {}, running {}", text_at(status, "/generation/received"),
                                         text_at(status, "/generation/applied"), text_at(status, "/generation/running")));
  const auto add = [&](const char* name, const char* pointer) {
    const std::string value = text_at(status, pointer);
    if (!value.empty() && value != "unknown" && value != "false") text += line(name, value);
  };
  add("blocked", "/generation/blocked");
  add("safe mode", "/safe_mode");
  add("held", "/held");
  add("guard", "/guard_problem");
  add("storage", "/storage_error");
  text += trial_text(status);
  text += routes_text(status);
  text += line("events", fmt::format("{} waiting for the collector, {} lost", text_at(status, "/events/waiting"),
                                     text_at(status, "/events/lost")));
  add("spool", "/events/problem");
  return text;
}

}  // namespace ondol::agent
