// The pages of the three files name every key that their parsers take, and no other.
#include "deploy/manual/config_keys.h"

#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <set>

#include "agent/config/agent_config.h"
#include "collector/config/collector_config.h"

namespace ondol::manual {
namespace {

std::string text_of(const std::string& path) {
  std::ifstream file(std::string(ONDOL_SOURCE_DIR) + "/" + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

void add_names(const std::string& list, const std::string& prefix, std::set<std::string>& keys) {
  static const std::regex name("\"([a-z_]+)\"");
  for (std::sregex_iterator at(list.begin(), list.end(), name), end; at != end; ++at)
    keys.insert(prefix + (*at)[1].str());
}

// The parser's own lists: check_keys(root, {...}) and section(root, "trial", {...}).
std::set<std::string> keys_of_parser(const std::string& path) {
  const std::string source = text_of(path);
  static const std::regex top("check_keys\\(root,\\s*\\{([^}]*)\\}");
  static const std::regex section("section\\(root,\\s*\"([a-z_]+)\",\\s*\\{([^}]*)\\}");
  std::set<std::string> keys, sections;
  std::smatch found;
  EXPECT_TRUE(std::regex_search(source, found, top)) << path << ": the test no longer finds the list of keys";
  add_names(found[1].str(), "", keys);
  for (std::sregex_iterator at(source.begin(), source.end(), section), end; at != end; ++at) {
    keys.erase((*at)[1].str());
    add_names((*at)[2].str(), (*at)[1].str() + ".", keys);
  }
  return keys;
}

std::set<std::string> keys_of_page(const Command& file) {
  std::set<std::string> keys;
  for (const Option& option : file.options) keys.insert(option.names.at(0));
  return keys;
}

TEST(ConfigKeys, OfTheAgentAreAllInItsPage) {
  EXPECT_EQ(keys_of_page(agent_file()), keys_of_parser("agent/config/agent_config.cc"));
}

TEST(ConfigKeys, OfTheCollectorAreAllInItsPage) {
  EXPECT_EQ(keys_of_page(collector_file()), keys_of_parser("collector/config/collector_config.cc"));
}

TEST(ConfigKeys, OfTheGuardAreAllInItsPage) {
  EXPECT_EQ(keys_of_page(guard_file()), keys_of_parser("agent/guard/guard_file.cc"));
}

// Defaults that are written as they would be in the file.
TEST(ConfigKeys, HaveTheDefaultsThatThePageSays) {
  const agent::AgentConfig agent = agent::parse_agent_config("", "agent.yaml").value();
  const collector::CollectorConfig collector =
      collector::parse_collector_config("", "collector.yaml").value();
  const auto fallback = [](const Command& file, const std::string& key) {
    for (const Option& option : file.options) {
      if (option.names.at(0) == key) return option.fallback;
    }
    return std::string("no such key");
  };
  EXPECT_EQ(fallback(agent_file(), "state_dir"), agent.state_dir);
  EXPECT_EQ(fallback(agent_file(), "identity_dir"), agent.identity_dir);
  EXPECT_EQ(fallback(agent_file(), "guard_file"), agent.guard_file);
  EXPECT_EQ(fallback(agent_file(), "local_socket"), agent.local_socket);
  EXPECT_EQ(fallback(agent_file(), "metrics.listen"), agent.metrics_listen);
  EXPECT_EQ(fallback(agent_file(), "trial.undo_socket"), agent.undo_socket);
  EXPECT_EQ(fallback(agent_file(), "trial.preflight_socket"), agent.preflight_socket);
  EXPECT_EQ(fallback(agent_file(), "collector.server_name"), agent.server_name);
  EXPECT_EQ(fallback(collector_file(), "state_dir"), collector.state_dir);
  EXPECT_EQ(fallback(collector_file(), "agents.listen"), collector.agents_listen);
  EXPECT_EQ(fallback(collector_file(), "enroll.listen"), collector.enroll_listen);
  EXPECT_EQ(fallback(collector_file(), "admin.socket"), collector.admin_socket);
  EXPECT_EQ(fallback(collector_file(), "admin.group"), collector.admin_group);
  EXPECT_EQ(fallback(collector_file(), "metrics.listen"), collector.metrics_listen);
  EXPECT_EQ(fallback(collector_file(), "agents.max_connections"), std::to_string(collector.max_connections));
  EXPECT_EQ(fallback(collector_file(), "agents.max_per_source"), std::to_string(collector.max_per_source));
  EXPECT_EQ(fallback(collector_file(), "history.events_per_host"),
            std::to_string(collector.history_events_per_host));
  EXPECT_EQ(fallback(collector_file(), "history.days"), std::to_string(collector.history_days));
}

}  // namespace
}  // namespace ondol::manual
