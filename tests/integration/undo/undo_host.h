// A host in a namespace of its own with the real keeper, and a process that tries a change and may die of it.
#pragma once

#include <sys/mount.h>

#include <boost/asio/io_context.hpp>

#include "agent/undo/undo_client.h"
#include "common/resources/routes/plan_routes.h"
#include "tests/integration/agent/agent_host.h"

namespace ondol::undo {

class UndoHost : public agent::AgentHost {
 protected:
  void SetUp() override {
    AgentHost::SetUp();
    // Mounts of a test are seen by it and its children only.
    ASSERT_EQ(::unshare(CLONE_NEWNS), 0);
    ASSERT_EQ(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
    config_.undo_socket = scratch_ / "undo.sock";
    fixtures::write_text(scratch_ / "agent.yaml", "local_socket: /run/no-agent.sock\n");
    start_keeper();
  }
  void TearDown() override {
    for (pid_t* child : {&agent_, &other_, &keeper_}) end(*child);
    AgentHost::TearDown();
  }

  void start_keeper() {
    const std::string program = std::string(ONDOL_BINARY_DIR) + "/bin/ondol-undo";
    keeper_ = fixtures::start("exec " + program + " --config " + (scratch_ / "agent.yaml") + " --socket " + config_.undo_socket + " --state-dir " + config_.state_dir +
                              " --guard-file " + config_.guard_file + " 2>>" + log());
    ASSERT_TRUE(soon([this] { return can_connect(); })) << said();
  }
  bool can_connect() const {
    boost::asio::io_context loop;
    UndoClient client(loop, {config_.undo_socket, config_.state_dir, ""}, nullptr);
    const auto answer = client.arm(Generation{}, BootTime{});
    return !answer && answer.error().code == Errc::kRefused;
  }
  std::string log() const { return scratch_ / "undo.log"; }
  std::string said() const { return fixtures::read_bytes(log()); }
  static void end(pid_t& child) {
    if (child <= 0) return;
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    child = 0;
  }
  template <typename Holds>
  static bool soon(Holds holds, Seconds patience = Seconds{10}) {
    for (const BootTime give_up = read_now().boot + patience; !holds();) {
      if (read_now().boot >= give_up) return false;
      std::this_thread::yield();
    }
    return true;
  }

  // Generation 1 is confirmed: five routes. Generation 2 adds four and removes one, tried until `deadline_`.
  void write_trial() {
    deadline_ = read_now().boot + Milliseconds{600};
    const auto state = agent::StateDir::open(config_.state_dir).value();
    const auto before = agent::many(5);
    auto after = agent::many(4, "10.0.0.3", 120);
    after.insert(after.end(), before.begin() + 1, before.end());
    const auto socket = routes::open_route_socket({.blame = false}).value();
    const auto write = [&](const DesiredState& wanted) {
      const auto plan = routes::plan_routes(*wanted.routes, owned(socket->snapshot({}).value()), {});
      EXPECT_EQ(socket->apply(plan.operations).failures.size(), 0U);
      return plan.operations;
    };
    write(agent::desired(1, before));
    ASSERT_TRUE(state.write_confirmed(agent::desired(1, before)));
    const DesiredState tried = agent::desired(2, after);
    const auto operations = routes::plan_routes(*tried.routes, owned(socket->snapshot({}).value()), {}).operations;
    agent::Ledger ledger{agent::read_boot_id(), {}};
    for (const routes::Route& route : before) ledger.entries[route.key] = {route.value, true};
    for (const routes::Route& route : after) ledger.entries[route.key] = {route.value, true};
    ASSERT_TRUE(state.write_ledger(ledger));
    ASSERT_TRUE(state.write_highest({Generation{2}, Revision{"r2"}, false}));
    ASSERT_TRUE(state.write_journal({tried, routes::inverse(operations), agent::read_boot_id(), deadline_}));
    EXPECT_EQ(socket->apply(operations).failures.size(), 0U);
    EXPECT_EQ(in_kernel(), tried_);
  }
  static routes::RouteSnapshot owned(routes::RouteSnapshot snapshot) {
    for (auto& route : snapshot.routes) {
      if (route.protocol == routes::kOurProtocol) route.ownership = routes::Ownership::kOurs;
    }
    return snapshot;
  }

  // A process that holds the state directory and has armed the keeper; writes 'A' when armed, 'R' when armed anew.
  void start_agent() {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    agent_ = ::fork();
    if (agent_ == 0) run_agent(ends[1]);
    ::close(ends[1]);
    told_ = ends[0];
    ASSERT_EQ(next_word(), 'A') << said();
  }
  char next_word() const {
    char word = 0;
    if (fixtures::is_readable(told_, 10'000) && ::read(told_, &word, 1) != 1) word = 0;
    return word;
  }
  void run_agent(int tell) {
    ::alarm(60);
    const auto state = agent::StateDir::open(config_.state_dir);
    boost::asio::io_context loop;
    const auto work = boost::asio::make_work_guard(loop);
    UndoClient* self = nullptr;
    UndoClient client(loop, {config_.undo_socket, config_.state_dir, agent::read_boot_id()}, [&] {
      while (!self->arm(Generation{2}, deadline_)) std::this_thread::yield();
      if (::write(tell, "R", 1) != 1) ::_exit(3);
    });
    self = &client;
    const bool armed = state && client.arm(Generation{2}, deadline_);
    if (::write(tell, armed ? "A" : "F", 1) != 1) ::_exit(3);
    loop.run();
    ::_exit(4);
  }

  // How late the keeper said it began, in seconds; negative = it did not say.
  double lateness() const {
    const std::string words = "undo began ";
    const std::string text = said();
    const auto at = text.find(words);
    return at == std::string::npos ? -1 : std::stod(text.substr(at + words.size()));
  }
  void expect_undone(double no_later_than) {
    EXPECT_TRUE(soon([this] { return in_kernel() == confirmed_; })) << said();
    EXPECT_TRUE(soon([this] { return lateness() >= 0; })) << said();
    EXPECT_LE(lateness(), no_later_than) << said();
    std::printf("undo began %.3f s after the deadline\n", lateness());
  }
  // Nothing is written until well after the deadline.
  void expect_kept() {
    const auto watcher = routes::open_route_socket({.blame = false}).value();
    const auto left = std::chrono::ceil<Milliseconds>(deadline_ + Milliseconds{1'500} - read_now().boot);
    EXPECT_FALSE(fixtures::is_readable(watcher->event_fd(), static_cast<int>(left.count()))) << said();
    EXPECT_EQ(in_kernel(), tried_);
  }

  pid_t keeper_ = 0, agent_ = 0, other_ = 0;
  int told_ = -1;
  BootTime deadline_{};
  const std::set<std::string> confirmed_ = lines(agent::many(5));
  const std::set<std::string> tried_ = [] {
    auto after = agent::many(4, "10.0.0.3", 120);
    const auto before = agent::many(5);
    after.insert(after.end(), before.begin() + 1, before.end());
    return lines(after);
  }();

 private:
  static std::set<std::string> lines(const std::vector<routes::Route>& all) {
    std::set<std::string> texts;
    for (const routes::Route& route : all) {
      texts.insert(render(route.key.destination) + " via " + render(*route.value.nexthops[0].gateway) + " proto ondol");
    }
    return texts;
  }
};

}  // namespace ondol::undo
