#include "agent/config/agent_config.h"

#include "common/yaml/strict_yaml.h"

namespace ondol::agent {
namespace {

using yaml::Node;

Error at(const Node& node, std::string message, std::string remedy) {
  return {Errc::kInvalidInput, std::move(message), yaml::render(node.place), std::move(remedy)};
}

Result<void> read_text(const Node* node, std::string& into) {
  if (node == nullptr) return {};
  auto text = yaml::read_string(*node);
  if (!text) return fail(text.error());
  if (text->empty()) return fail(at(*node, "this must not be empty", "leave the key out for its default"));
  into = *std::move(text);
  return {};
}

Result<void> read_path(const Node* node, std::string& into) {
  ONDOL_TRY(read_text(node, into));
  if (node != nullptr && into.front() != '/') return fail(at(*node, "'" + into + "' is no absolute path", "begin it with /"));
  return {};
}

// Written down as empty, it means none.
Result<void> read_path_or_none(const Node* node, std::string& into) {
  const auto text = node == nullptr ? Result<std::string>("") : yaml::read_string(*node);
  if (node == nullptr || !text || !text->empty()) return read_path(node, into);
  into.clear();
  return {};
}

bool is_port(const std::string& text) {
  const bool digits = !text.empty() && text.size() <= 5 && text.find_first_not_of("0123456789") == std::string::npos;
  return digits && std::stoi(text) <= 65535;
}

Result<void> read_address(const Node* node, std::string& into) {
  ONDOL_TRY(read_text(node, into));
  if (node == nullptr) return {};
  const auto colon = into.rfind(':');
  if (colon == 0 || colon == std::string::npos || !is_port(into.substr(colon + 1))) {
    return fail(at(*node, "'" + into + "' is no host and port", "write it like collector.example:7443 or [2001:db8::9]:7443"));
  }
  return {};
}

// A section that is there, with only known keys; nullptr when the key is absent.
Result<const Node*> section(const Node& root, std::string_view name, std::initializer_list<std::string_view> known) {
  const Node* node = root.find(name);
  if (node == nullptr || node->kind == yaml::Kind::kNull) return nullptr;
  if (node->kind != yaml::Kind::kMapping) return fail(at(*node, std::string(name) + " must be a mapping", "write keys below it"));
  ONDOL_TRY(yaml::check_keys(*node, known));
  return node;
}

const Node* in(const Node* mapping, std::string_view key) { return mapping == nullptr ? nullptr : mapping->find(key); }

Result<void> read_collector(const Node& root, AgentConfig& config) {
  const auto collector = section(root, "collector", {"address", "enroll_address", "server_name"});
  if (!collector) return fail(collector.error());
  ONDOL_TRY(read_address(in(*collector, "address"), config.collector));
  ONDOL_TRY(read_address(in(*collector, "enroll_address"), config.enroll_address));
  return read_text(in(*collector, "server_name"), config.server_name);
}

Result<void> read_routes(const Node& root, AgentConfig& config) {
  const auto routes = section(root, "routes", {"sweep", "receive_buffer_bytes"});
  if (!routes) return fail(routes.error());
  if (const Node* sweep = in(*routes, "sweep")) {
    const auto duration = yaml::read_duration(*sweep);
    if (!duration) return fail(duration.error());
    if (*duration < Milliseconds{200} || *duration > Seconds{3600}) {
      return fail(at(*sweep, "a sweep of " + sweep->scalar + " is out of bounds", "write 200ms to 1h"));
    }
    config.sweep = *duration;
  }
  if (const Node* bytes = in(*routes, "receive_buffer_bytes")) {
    const auto number = yaml::read_int(*bytes, 64 << 10, 256 << 20);
    if (!number) return fail(number.error());
    config.receive_buffer_bytes = static_cast<int>(*number);
  }
  return {};
}

Result<AgentConfig> from_tree(const Node& root) {
  AgentConfig config;
  if (root.kind == yaml::Kind::kNull) return config;
  if (root.kind != yaml::Kind::kMapping) return fail(at(root, "the file must be a mapping", "write key: value lines"));
  ONDOL_TRY(yaml::check_keys(root, {"collector", "state_dir", "identity_dir", "guard_file", "local_socket", "metrics", "routes",
                                    "trial"}));
  ONDOL_TRY(read_collector(root, config));
  ONDOL_TRY(read_path(root.find("state_dir"), config.state_dir));
  ONDOL_TRY(read_path(root.find("identity_dir"), config.identity_dir));
  ONDOL_TRY(read_path(root.find("guard_file"), config.guard_file));
  ONDOL_TRY(read_path(root.find("local_socket"), config.local_socket));
  const auto metrics = section(root, "metrics", {"listen"});
  if (!metrics) return fail(metrics.error());
  ONDOL_TRY(read_address(in(*metrics, "listen"), config.metrics_listen));
  ONDOL_TRY(read_routes(root, config));
  const auto trial = section(root, "trial", {"undo_socket", "preflight_socket"});
  if (!trial) return fail(trial.error());
  ONDOL_TRY(read_path_or_none(in(*trial, "undo_socket"), config.undo_socket));
  ONDOL_TRY(read_path_or_none(in(*trial, "preflight_socket"), config.preflight_socket));
  return config;
}

}  // namespace

Result<AgentConfig> parse_agent_config(const std::string& text, const std::string& file) {
  return yaml::parse(text, file).and_then([](const Node& root) { return from_tree(root); });
}

Result<AgentConfig> read_agent_config(const std::string& path) {
  return yaml::parse_file(path).and_then([](const Node& root) { return from_tree(root); });
}

std::string host_of(const std::string& address) {
  std::string host = address.substr(0, address.rfind(':'));
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  return host;
}

std::string enroll_address_of(const AgentConfig& config) {
  if (!config.enroll_address.empty() || config.collector.empty()) return config.enroll_address;
  return config.collector.substr(0, config.collector.rfind(':')) + ":7444";
}

}  // namespace ondol::agent
