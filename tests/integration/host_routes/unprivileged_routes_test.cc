#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "tests/integration/host_routes/route_writer.h"

namespace ondol::routes {
namespace {

// The rest of the process runs as user 65534 with CAP_NET_ADMIN and nothing else, as the agent's unit has it.
void drop_to_net_admin() {
  ASSERT_EQ(prctl(PR_SET_KEEPCAPS, 1), 0);
  ASSERT_EQ(setresgid(65534, 65534, 65534), 0);
  ASSERT_EQ(setresuid(65534, 65534, 65534), 0);
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2] = {{1U << CAP_NET_ADMIN, 1U << CAP_NET_ADMIN, 1U << CAP_NET_ADMIN},
                                    {0, 0, 0}};
  ASSERT_EQ(syscall(SYS_capset, &header, data), 0);
  ASSERT_EQ(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_ADMIN, 0, 0), 0);
}

class UnprivilegedRoutes : public RouteHost {};

// One test: privileges do not come back.
TEST_F(UnprivilegedRoutes, AUserWithNothingButNetAdminReadsWatchesAppliesAndBlames) {
  int gate[2];
  ASSERT_EQ(pipe(gate), 0);
  const pid_t root = start_writer(route_to("10.21.0.0/16", "10.0.0.2"), {.gate = gate});
  ASSERT_NO_FATAL_FAILURE(drop_to_net_admin());
  open({});
  apply_all({add(route_to("10.20.0.0/16", "10.0.0.2"))});
  EXPECT_EQ(snapshot().routes.size(), 1U);
  ASSERT_EQ(write(gate[1], "!", 1), 1);
  const Author author = drain_changes(1).changes.at(0).author;
  EXPECT_EQ(author.pid, static_cast<std::uint32_t>(root));
  EXPECT_EQ(author.comm, "night-shift");
  EXPECT_TRUE(author.command.has_value());
  EXPECT_EQ(snapshot().routes.size(), 2U);
  EXPECT_TRUE(socket_->links());
  close(gate[1]);
  EXPECT_EQ(fixtures::wait_for(root), 0);
}

}  // namespace
}  // namespace ondol::routes
