#include "collector/config/collector_config.h"

#include <optional>

#include "common/yaml/strict_yaml.h"

namespace ondol::collector {
namespace {

using yaml::Node;

constexpr std::int64_t kMostConnections = 1'000'000;
constexpr std::size_t kMostNames = 64;
constexpr std::int64_t kLeastEvents = 1'000, kMostEvents = 10'000'000, kMostDays = 36'500;

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

Result<void> read_listen(const Node* node, std::string& into) {
  ONDOL_TRY(read_text(node, into));
  if (node == nullptr) return {};
  const auto colon = into.rfind(':');
  const std::string port = colon == std::string::npos ? "" : into.substr(colon + 1);
  const bool number = !port.empty() && port.size() <= 5 && port.find_first_not_of("0123456789") == std::string::npos;
  if (colon == 0 || !number || std::stoi(port) > 65535) {
    return fail(at(*node, "'" + into + "' is no address and port", "write it like 0.0.0.0:7443 or [::]:7443"));
  }
  return {};
}

Result<void> read_count(const Node* node, std::size_t& into, std::int64_t least = 1, std::int64_t most = kMostConnections) {
  if (node == nullptr) return {};
  const auto number = yaml::read_int(*node, least, most);
  if (!number) return fail(number.error());
  into = static_cast<std::size_t>(*number);
  return {};
}

Result<void> read_heartbeat(const Node* node, Milliseconds& into) {
  if (node == nullptr) return {};
  const auto duration = yaml::read_duration(*node);
  if (!duration) return fail(duration.error());
  if (*duration < Seconds{1} || *duration > Seconds{3600}) {
    return fail(at(*node, "a heartbeat of " + node->scalar + " is out of bounds", "write 1s to 1h"));
  }
  into = *duration;
  return {};
}

// A section that is there, with only known keys; empty when the key is absent.
Result<const Node*> section(const Node& root, std::string_view name, std::initializer_list<std::string_view> known) {
  const Node* node = root.find(name);
  if (node == nullptr) return nullptr;
  if (node->kind != yaml::Kind::kMapping) return fail(at(*node, std::string(name) + " must be a mapping", "write keys below it"));
  ONDOL_TRY(yaml::check_keys(*node, known));
  return node;
}

const Node* in(const Node* mapping, std::string_view key) { return mapping == nullptr ? nullptr : mapping->find(key); }

Result<void> read_names(const Node* node, std::vector<std::string>& into) {
  if (node == nullptr) return {};
  if (node->kind != yaml::Kind::kSequence || node->items.size() > kMostNames) {
    return fail(at(*node, "names must be a list of at most 64", "write names: [collector.example]"));
  }
  for (const Node& item : node->items) {
    auto name = yaml::read_string(item);
    if (!name) return fail(name.error());
    into.push_back(*std::move(name));
  }
  return {};
}

Result<void> read_agents(const Node& root, CollectorConfig& config) {
  const auto agents = section(root, "agents", {"listen", "heartbeat", "max_connections", "max_per_source",
                                                  "accepts_per_second", "max_handshakes"});
  if (!agents) return fail(agents.error());
  ONDOL_TRY(read_listen(in(*agents, "listen"), config.agents_listen));
  ONDOL_TRY(read_heartbeat(in(*agents, "heartbeat"), config.heartbeat));
  ONDOL_TRY(read_count(in(*agents, "max_connections"), config.max_connections));
  ONDOL_TRY(read_count(in(*agents, "max_per_source"), config.max_per_source));
  ONDOL_TRY(read_count(in(*agents, "accepts_per_second"), config.accepts_per_second));
  return read_count(in(*agents, "max_handshakes"), config.max_handshakes);
}

Result<CollectorConfig> from_tree(const Node& root) {
  CollectorConfig config;
  if (root.kind == yaml::Kind::kNull) return config;
  if (root.kind != yaml::Kind::kMapping) return fail(at(root, "the file must be a mapping", "write key: value lines"));
  ONDOL_TRY(yaml::check_keys(root, {"state_dir", "agents", "enroll", "admin", "metrics", "history", "names"}));
  ONDOL_TRY(read_path(root.find("state_dir"), config.state_dir));
  ONDOL_TRY(read_agents(root, config));
  const auto enroll = section(root, "enroll", {"listen"});
  if (!enroll) return fail(enroll.error());
  ONDOL_TRY(read_listen(in(*enroll, "listen"), config.enroll_listen));
  const auto admin = section(root, "admin", {"socket", "group"});
  if (!admin) return fail(admin.error());
  ONDOL_TRY(read_path(in(*admin, "socket"), config.admin_socket));
  ONDOL_TRY(read_text(in(*admin, "group"), config.admin_group));
  const auto metrics = section(root, "metrics", {"listen"});
  if (!metrics) return fail(metrics.error());
  ONDOL_TRY(read_listen(in(*metrics, "listen"), config.metrics_listen));
  const auto history = section(root, "history", {"events_per_host", "days"});
  if (!history) return fail(history.error());
  ONDOL_TRY(read_count(in(*history, "events_per_host"), config.history_events_per_host, kLeastEvents, kMostEvents));
  ONDOL_TRY(read_count(in(*history, "days"), config.history_days, 1, kMostDays));
  ONDOL_TRY(read_names(root.find("names"), config.names));
  return config;
}

}  // namespace

Result<CollectorConfig> parse_collector_config(const std::string& text, const std::string& file) {
  return yaml::parse(text, file).and_then([](const Node& root) { return from_tree(root); });
}

Result<CollectorConfig> read_collector_config(const std::string& path) {
  return yaml::parse_file(path).and_then([](const Node& root) { return from_tree(root); });
}

}  // namespace ondol::collector
