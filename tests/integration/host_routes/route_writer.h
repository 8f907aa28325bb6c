// Another process that changes a route from a netlink socket of its own and stays.
#pragma once

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <sys/prctl.h>

#include <csignal>

#include "agent/host/routes/encode_rtnetlink.h"
#include "tests/integration/host_routes/route_host.h"

namespace ondol::routes {

struct WriterOptions {
  bool second_socket = false;  // its port is not the process id then
  const int* gate = nullptr;   // a pipe: the route is written when a byte comes, the end is its end
};

// Ends with stop(): until then it holds its process id.
inline pid_t start_writer(const Route& route, const WriterOptions& options = {}) {
  const pid_t child = fork();
  if (child != 0) return child;
  prctl(PR_SET_NAME, "night-shift");
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  mnl_socket* used = mnl_socket_open(NETLINK_ROUTE);
  mnl_socket_bind(used, 0, MNL_SOCKET_AUTOPID);
  if (options.second_socket) {
    used = mnl_socket_open(NETLINK_ROUTE);
    mnl_socket_bind(used, 0, MNL_SOCKET_AUTOPID);
  }
  char byte = 0;
  if (options.gate != nullptr) {
    close(options.gate[1]);
    if (read(options.gate[0], &byte, 1) != 1) _exit(1);
  }
  RouteBatch batch(1);
  batch.add(RouteOp{OpKind::kAdd, route, kProtocolStatic, {}}, LinkTable{});
  mnl_socket_sendto(used, batch.bytes().data(), batch.bytes().size());
  if (options.gate == nullptr) pause();
  while (read(options.gate[0], &byte, 1) > 0) {
  }
  _exit(0);
}

inline void stop(pid_t child) {
  kill(child, SIGKILL);
  fixtures::wait_for(child);
}

}  // namespace ondol::routes
