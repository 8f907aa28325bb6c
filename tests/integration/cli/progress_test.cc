// The real ondolctl stays with a change of intent: in a pipe, for a program, at a terminal, and until Ctrl-C.
#include <gtest/gtest.h>
#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "tests/integration/cli/ondolctl.h"

namespace ondol::cli {
namespace {

v1::Progress progress(std::uint32_t waiting, std::uint32_t refused, std::uint32_t applied) {
  v1::Progress progress;
  const auto add = [&](v1::Step step, std::uint32_t hosts) {
    progress.add_steps()->set_step(step);
    progress.mutable_steps(progress.steps_size() - 1)->set_hosts(hosts);
  };
  add(v1::STEP_REFUSED, refused);
  add(v1::STEP_WAITING, waiting);
  add(v1::STEP_APPLIED, applied);
  progress.set_hosts(waiting + refused + applied);
  for (std::uint32_t i = 0; i < refused; ++i) {
    v1::Straggler& straggler = *progress.add_stragglers();
    straggler.set_host("h" + std::to_string(i + 1));
    straggler.set_step(v1::STEP_REFUSED);
    straggler.set_reason("guard: \x1b[31mhold");
  }
  return progress;
}

struct Changing : Ondolctl {
  void stores(std::vector<v1::Progress> seen) {
    start();
    admin_->config.set_revision("ab12cd34ef56ab12");
    admin_->config.set_hosts_changed(3);
    admin_->config.set_hosts_total(3);
    admin_->progress = std::move(seen);
  }
  std::string apply() const { return "config apply " + (root_ / "fleet").string(); }
};

TEST_F(Changing, in_a_pipe_apply_comes_back_at_once_unless_it_is_told_to_wait) {
  stores({progress(0, 0, 3)});
  EXPECT_EQ(run(apply()).out, "revision ab12cd34ef56ab12 stored: 3 of 3 hosts change\n");
  EXPECT_EQ(admin_->asked_progress_times, 0u);
  const Ran waited = run(apply() + " --wait");
  EXPECT_EQ(waited.exit_code, 0) << waited.err;
  EXPECT_EQ(waited.out, "revision ab12cd34ef56ab12 stored: 3 of 3 hosts change\n3 of 3 applied\n");
  EXPECT_EQ(admin_->asked_progress.revision(), "ab12cd34ef56ab12");
}

TEST_F(Changing, it_waits_until_nothing_is_under_way_and_exits_with_1_when_a_host_refused) {
  stores({progress(3, 0, 0), progress(1, 1, 1), progress(0, 1, 2)});
  const Ran ran = run(apply() + " --wait");
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_EQ(admin_->asked_progress_times, 3u);
  EXPECT_NE(ran.out.find("0 of 3 applied, 3 waiting\n"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("2 of 3 applied, 1 refused\n"), std::string::npos) << ran.out;
  EXPECT_NE(ran.out.find("`ondolctl host history h1` says why"), std::string::npos) << ran.out;
  EXPECT_EQ(ran.out.find('\x1b'), std::string::npos)
      << "a host's words do not reach the terminal as they are";
}

TEST_F(Changing, a_program_gets_one_document_at_the_end) {
  stores({progress(1, 0, 2), progress(0, 1, 2)});
  const Ran ran = run(apply() + " --wait -o json");
  EXPECT_EQ(ran.exit_code, 1);
  const auto json = nlohmann::json::parse(ran.out);
  EXPECT_EQ(json["revision"], "ab12cd34ef56ab12");
  EXPECT_EQ(json["progress"]["steps"]["applied"], 2);
  EXPECT_EQ(json["progress"]["stragglers"][0]["host"], "h1");
}

TEST_F(Changing, past_the_deadline_the_change_goes_on_and_it_says_so) {
  stores({progress(3, 0, 0)});
  const Ran ran = run(apply() + " --deadline 1");
  EXPECT_EQ(ran.exit_code, 1);
  EXPECT_NE(ran.err.find("the change goes on; look again with `ondolctl config progress ab12cd34ef56`"),
            std::string::npos)
      << ran.err;
}

TEST_F(Changing, waiting_and_not_waiting_at_once_is_wrong_usage) {
  stores({});
  EXPECT_EQ(run(apply() + " --wait --no-wait").exit_code, 2);
  EXPECT_EQ(run(apply() + " --no-wait --deadline 5").exit_code, 2);
  EXPECT_EQ(run(apply() + " --deadline 0").exit_code, 2);
}

TEST_F(Changing, progress_alone_shows_once_and_says_by_its_exit_code_whether_it_is_through) {
  stores({progress(1, 0, 2)});
  EXPECT_EQ(run("config progress ab12").exit_code, 1);
  EXPECT_EQ(admin_->asked_progress.revision(), "ab12");
  admin_->progress = {progress(0, 0, 3)};
  EXPECT_EQ(run("config progress").exit_code, 0);
  EXPECT_EQ(admin_->asked_progress.revision(), "");
  admin_->progress = {progress(0, 0, 0)};
  const Ran none = run("config progress ffff");
  EXPECT_EQ(none.exit_code, 1);
  EXPECT_NE(none.err.find("no host has its intent from a revision that begins so"), std::string::npos)
      << none.err;
}

// ---- at a terminal ----

struct Terminal {
  int master = -1;
  pid_t process = 0;

  // Reads until `wanted` was seen or the program ended.
  std::string read_until(const std::string& wanted) const {
    std::string seen;
    char byte = 0;
    while (seen.find(wanted) == std::string::npos && read(master, &byte, 1) == 1) seen += byte;
    return seen;
  }
  std::string rest() const { return read_until(std::string(1, '\0') + "never"); }
  int wait() const {
    int status = 0;
    waitpid(process, &status, 0);
    close(master);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
};

Terminal open_terminal(const std::string& line) {
  winsize size{24, 60, 0, 0};
  Terminal terminal;
  terminal.process = forkpty(&terminal.master, nullptr, nullptr, &size);
  if (terminal.process == 0) {
    execl("/bin/sh", "sh", "-c", ("exec env TERM=xterm NO_COLOR=1 " + line).c_str(), nullptr);
    _exit(127);
  }
  return terminal;
}

TEST_F(Changing, at_a_terminal_it_waits_by_itself_and_draws_over_its_lines) {
  stores({progress(3, 0, 0), progress(1, 1, 1), progress(0, 1, 2)});
  const Terminal terminal = open_terminal(line_of(apply()));
  const std::string seen = terminal.rest();
  EXPECT_EQ(terminal.wait(), 1);
  EXPECT_NE(seen.find("[........................] 0 of 3 applied, 3 waiting\r\n"), std::string::npos) << seen;
  EXPECT_NE(seen.find("\x1b[1A\x1b[J[########................] 1 of 3 applied, 1 waiting, 1 ..."),
            std::string::npos)
      << seen;
  EXPECT_NE(seen.find("  h1  refused: guard: \\x1b[31mhold\r\n"), std::string::npos) << seen;
  EXPECT_EQ(seen.find("\x1b[31m"), std::string::npos) << "no colour with NO_COLOR";
}

TEST_F(Changing, no_wait_at_a_terminal_comes_back_at_once) {
  stores({progress(3, 0, 0)});
  const Terminal terminal = open_terminal(line_of(apply() + " --no-wait"));
  EXPECT_EQ(terminal.rest(), "revision ab12cd34ef56ab12 stored: 3 of 3 hosts change\r\n");
  EXPECT_EQ(terminal.wait(), 0);
  EXPECT_EQ(admin_->asked_progress_times, 0u);
}

TEST_F(Changing, ctrl_c_leaves_the_change_running_and_says_so) {
  stores({progress(3, 0, 0)});
  const Terminal terminal = open_terminal(line_of(apply()));
  terminal.read_until("3 waiting");
  ASSERT_EQ(write(terminal.master, "\x03", 1), 1);
  const std::string seen = terminal.rest();
  EXPECT_EQ(terminal.wait(), 1);
  EXPECT_NE(seen.find("interrupted: the change goes on without you; look again with `ondolctl config "
                      "progress ab12cd34ef56`"),
            std::string::npos)
      << seen;
}

TEST_F(Changing, a_collector_that_goes_away_is_waited_for_and_then_asked_again) {
  stores({progress(1, 0, 2)});
  const Terminal terminal = open_terminal(line_of(apply()));
  terminal.read_until("1 waiting");
  admin_.reset();
  admin_ = std::make_unique<FakeAdmin>(socket_, std::vector{progress(0, 0, 3)});
  const std::string seen = terminal.rest();
  EXPECT_EQ(terminal.wait(), 0) << seen;
}

}  // namespace
}  // namespace ondol::cli
