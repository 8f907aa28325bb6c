#include "agent/config/agent_config.h"

#include <gtest/gtest.h>

#include "agent/config/command_line.h"
#include "tests/fixtures/scratch_dir.h"

namespace ondol::agent {
namespace {

std::string error_of(const std::string& text) {
  const auto config = parse_agent_config(text, "agent.yaml");
  return config ? "no error" : render(config.error());
}

Result<CommandLine> parsed(std::vector<const char*> words) {
  words.insert(words.begin(), "ondol-agent");
  return parse_command_line(static_cast<int>(words.size()), words.data());
}

TEST(AgentConfig, AnEmptySocketOfTheTrialMeansNone) {
  const auto none = parse_agent_config("trial: { undo_socket: \"\", preflight_socket: /tmp/p.sock }\n", "agent.yaml");
  ASSERT_TRUE(none) << render(none.error());
  EXPECT_EQ(none->undo_socket, "");
  EXPECT_EQ(none->preflight_socket, "/tmp/p.sock");
  EXPECT_EQ(parse_agent_config("{}\n", "agent.yaml")->undo_socket, "/run/ondol/undo.sock");
  EXPECT_FALSE(parse_agent_config("trial: { undo_socket: undo.sock }\n", "agent.yaml"));
  EXPECT_FALSE(parse_agent_config("trial: { keeper: /run/x }\n", "agent.yaml"));
}

TEST(AgentConfig, AnEmptyFileMeansTheDefaults) { EXPECT_EQ(parse_agent_config("", "agent.yaml").value(), AgentConfig{}); }

TEST(AgentConfig, EveryKeyIsRead) {
  const auto config = parse_agent_config(
      "collector: { address: \"collector.example:7443\", enroll_address: \"other.example:17444\", server_name: c1 }\n"
      "state_dir: /srv/state\nidentity_dir: /srv/id\nguard_file: /srv/guard.yaml\nlocal_socket: /srv/a.sock\n"
      "metrics: { listen: \"[::1]:9790\" }\nroutes: { sweep: 500ms, receive_buffer_bytes: 65536 }\n"
      "trial: { undo_socket: /run/u.sock, preflight_socket: /run/p.sock }\n", "agent.yaml");
  ASSERT_TRUE(config) << render(config.error());
  EXPECT_EQ(*config, (AgentConfig{"collector.example:7443", "other.example:17444", "c1", "/srv/state", "/srv/id", "/srv/guard.yaml",
                                  "/srv/a.sock", "[::1]:9790", Milliseconds{500}, 65536, "/run/u.sock", "/run/p.sock"}));
}

TEST(AgentConfig, AnUnknownKeyIsAnErrorWithItsPlace) {
  EXPECT_EQ(error_of("collector: { adress: \"a:1\" }\n").find("agent.yaml:1:"), 0U);
  EXPECT_EQ(error_of("state_dri: /x\n").find("agent.yaml:1:1"), 0U);
}

TEST(AgentConfig, ValuesOutOfBoundsAreErrors) {
  for (const char* text : {"routes: { sweep: 10ms }\n", "routes: { sweep: 2h }\n", "routes: { receive_buffer_bytes: 1 }\n",
                           "collector: { address: nowhere }\n", "collector: { address: \"a:99999\" }\n", "state_dir: relative\n",
                           "routes: 5\n", "[]\n"}) {
    EXPECT_NE(error_of(text), "no error") << text;
  }
}

TEST(AgentConfig, EnrolmentIsOnTheCollectorsHostUnlessSaidOtherwise) {
  AgentConfig config;
  config.collector = "[2001:db8::9]:7443";
  EXPECT_EQ(enroll_address_of(config), "[2001:db8::9]:7444");
  EXPECT_EQ(host_of(config.collector), "2001:db8::9");
  config.enroll_address = "x:1";
  EXPECT_EQ(enroll_address_of(config), "x:1");
}

TEST(AgentCommandLine, FlagsOverrideTheFileInEveryCommand) {
  fixtures::ScratchDir scratch;
  fixtures::write_bytes(scratch / "agent.yaml", "collector: { address: \"a:1\" }\nstate_dir: /srv/a\n");
  const std::string file = scratch / "agent.yaml";
  const auto run = parsed({"run", "--config", file.c_str(), "--collector", "b:2"});
  ASSERT_TRUE(run) << render(run.error());
  EXPECT_EQ(run->command, Command::kRun);
  EXPECT_EQ(run->config.collector, "b:2");
  EXPECT_EQ(run->config.state_dir, "/srv/a");
  const auto enroll = parsed({"enroll", "--token", "t", "--config", file.c_str()});
  ASSERT_TRUE(enroll);
  EXPECT_EQ(enroll->command, Command::kEnroll);
  EXPECT_EQ(enroll->token, "t");
  EXPECT_EQ(parsed({"--config", file.c_str()})->command, Command::kRun);
  EXPECT_EQ(parsed({"inspect", "routes", "--config", file.c_str()})->command, Command::kInspectRoutes);
  const auto status = parsed({"status", "-o", "json", "--config", file.c_str(), "--local-socket", "/srv/s"});
  EXPECT_TRUE(status->as_json);
  EXPECT_EQ(status->config.local_socket, "/srv/s");
}

TEST(AgentCommandLine, WrongUseIsAUsageError) {
  for (const std::vector<const char*>& words : std::vector<std::vector<const char*>>{
           {"--nonsense"}, {"enroll"}, {"inspect"}, {"status", "-o", "xml"}, {"run", "hold"}}) {
    EXPECT_EQ(parsed(words).error().code, Errc::kInvalidInput);
  }
  EXPECT_EQ(parsed({"run", "--config", "/nonexistent.yaml"}).error().code, Errc::kNotFound) << "asked for by name";
  EXPECT_EQ(parsed({"version"})->command, Command::kVersion);
}

}  // namespace
}  // namespace ondol::agent
