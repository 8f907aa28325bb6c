#include "collector/config/collector_config.h"

#include <gtest/gtest.h>

#include <array>

namespace ondol::collector {
namespace {

std::string error_of(const std::string& text) {
  const auto config = parse_collector_config(text, "collector.yaml");
  return config ? "no error" : render(config.error());
}

TEST(CollectorConfig, AnEmptyFileMeansTheDefaults) {
  EXPECT_EQ(parse_collector_config("", "collector.yaml").value(), CollectorConfig{});
}

TEST(CollectorConfig, EveryKeyIsRead) {
  const auto config = parse_collector_config(
      "state_dir: /srv/ondol\n"
      "agents: { listen: \"127.0.0.1:17443\", heartbeat: 2s, max_connections: 9, max_per_source: 8,\n"
      "          accepts_per_second: 7, max_handshakes: 6 }\n"
      "enroll: { listen: \"127.0.0.1:17444\" }\n"
      "admin: { socket: /srv/admin.sock, group: ops }\n"
      "metrics: { listen: \"[::1]:19791\" }\n"
      "history: { events_per_host: 5000, days: 30 }\n"
      "names: [collector.example, 10.0.0.9]\n",
      "collector.yaml");
  ASSERT_TRUE(config) << render(config.error());
  EXPECT_EQ(config->state_dir, "/srv/ondol");
  EXPECT_EQ(config->agents_listen, "127.0.0.1:17443");
  EXPECT_EQ(config->heartbeat, Seconds{2});
  EXPECT_EQ(config->max_connections, 9u);
  EXPECT_EQ(config->max_per_source, 8u);
  EXPECT_EQ(config->accepts_per_second, 7u);
  EXPECT_EQ(config->max_handshakes, 6u);
  EXPECT_EQ(config->enroll_listen, "127.0.0.1:17444");
  EXPECT_EQ(config->admin_socket, "/srv/admin.sock");
  EXPECT_EQ(config->admin_group, "ops");
  EXPECT_EQ(config->metrics_listen, "[::1]:19791");
  EXPECT_EQ(config->history_events_per_host, 5'000u);
  EXPECT_EQ(config->history_days, 30u);
  EXPECT_EQ(config->names, (std::vector<std::string>{"collector.example", "10.0.0.9"}));
}

TEST(CollectorConfig, AHistoryThatKeepsNothingIsAnError) {
  EXPECT_NE(error_of("history: { events_per_host: 10 }\n"), "no error");
  EXPECT_NE(error_of("history: { days: 0 }\n"), "no error");
}

TEST(CollectorConfig, AnUnknownKeyIsAnErrorWithItsPlace) {
  EXPECT_EQ(error_of("agents: { lisden: \"1.2.3.4:5\" }\n").find("collector.yaml:1:"), 0u);
}

TEST(CollectorConfig, AnAddressWithoutAPortIsAnError) {
  EXPECT_NE(error_of("agents: { listen: 10.0.0.1 }\n").find("is no address and port"), std::string::npos);
  EXPECT_NE(error_of("agents: { listen: \"10.0.0.1:70000\" }\n").find("is no address and port"), std::string::npos);
}

TEST(CollectorConfig, ARelativeStateDirectoryIsAnError) {
  EXPECT_NE(error_of("state_dir: ondol\n").find("no absolute path"), std::string::npos);
}

TEST(CollectorConfig, AHeartbeatOutOfBoundsIsAnError) {
  EXPECT_NE(error_of("agents: { heartbeat: 100ms }\n").find("out of bounds"), std::string::npos);
  EXPECT_NE(error_of("agents: { heartbeat: 2h }\n").find("out of bounds"), std::string::npos);
}

TEST(CollectorCommandLine, AnUnknownFlagIsAUsageError) {
  const std::array argv{"ondol-collector", "--nonsense"};
  const auto line = parse_command_line(static_cast<int>(argv.size()), argv.data());
  ASSERT_FALSE(line);
  EXPECT_EQ(line.error().code, Errc::kInvalidInput);
}

TEST(CollectorCommandLine, VersionNeedsNoFile) {
  const std::array argv{"ondol-collector", "--version", "--config", "/nonexistent"};
  const auto line = parse_command_line(static_cast<int>(argv.size()), argv.data());
  ASSERT_TRUE(line);
  EXPECT_TRUE(line->version);
}

}  // namespace
}  // namespace ondol::collector
