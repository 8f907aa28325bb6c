#include "tests/integration/host_routes/route_writer.h"

namespace ondol::routes {
namespace {

class Blame : public RouteHost {};

TEST_F(Blame, ARunningWriterIsNamedWithCommandAndProcess) {
  const pid_t writer = start_writer(route_to("10.20.0.0/16", "10.0.0.2"));
  const Drained seen = drain_changes(1);
  stop(writer);
  const SeenChange& change = seen.changes.at(0);
  EXPECT_EQ(change.port, static_cast<std::uint32_t>(writer));
  EXPECT_EQ(change.author.pid, static_cast<std::uint32_t>(writer));
  EXPECT_EQ(change.author.comm, "night-shift");
  ASSERT_TRUE(change.author.command.has_value());
  EXPECT_NE(change.author.command->find("integration_host_routes"), std::string::npos);
}

TEST_F(Blame, AWriterThatIsGoneIsAnUnknownProcessWithItsNumber) {
  const pid_t writer = start_writer(route_to("10.20.0.0/16", "10.0.0.2"));
  ASSERT_TRUE(fixtures::is_readable(socket_->event_fd(), 5000));
  stop(writer);
  const Author author = drain_changes(1).changes.at(0).author;
  EXPECT_EQ(render(author), fmt::format("unknown process (pid {})", writer));
}

TEST_F(Blame, AShortCommandIsNamedOrItsNumberIsGiven) {
  fixtures::run("ip route add 10.20.0.0/16 via 10.0.0.2");
  const pid_t shell = fixtures::start("exec ip route del 10.20.0.0/16");
  const Drained seen = drain_changes(2);
  fixtures::wait_for(shell);
  const Author& author = seen.changes.at(1).author;
  EXPECT_EQ(author.pid, static_cast<std::uint32_t>(shell));
  EXPECT_EQ(author.command.value_or("ip route del 10.20.0.0/16"), "ip route del 10.20.0.0/16");
  EXPECT_EQ(author.comm.value_or("ip"), "ip");
}

TEST_F(Blame, ASecondSocketOfAProcessSaysNothingAboutIt) {
  const pid_t writer = start_writer(route_to("10.20.0.0/16", "10.0.0.2"), {.second_socket = true});
  const Drained seen = drain_changes(1);
  stop(writer);
  EXPECT_NE(seen.changes.at(0).port, static_cast<std::uint32_t>(writer));
  EXPECT_EQ(seen.changes.at(0).author, Author{});
}

TEST_F(Blame, TheKernelItselfHasNoProcess) {
  fixtures::run("ip -6 route add 2001:db8:20::/48 via 2001:db8::2");
  socket_->drain();
  fixtures::run("ip link set eth0 down");
  const Drained seen = drain_changes(1);
  EXPECT_EQ(seen.changes.at(0).port, 0U);
  EXPECT_EQ(seen.changes.at(0).author, Author{});
}

}  // namespace
}  // namespace ondol::routes
