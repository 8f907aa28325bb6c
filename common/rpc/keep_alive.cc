#include "common/rpc/keep_alive.h"

#include <grpc/support/sync.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "common/rpc/stream_limits.h"

// gRPC gives out the name of this interface and not its header. The layout is that of 1.51; the test of the doors looks
// at a connected socket, so that another layout cannot pass unseen.
struct grpc_socket_mutator_vtable {
  bool (*mutate_fd)(int fd, grpc_socket_mutator* mutator);
  int (*compare)(grpc_socket_mutator* a, grpc_socket_mutator* b);
  void (*destroy)(grpc_socket_mutator* mutator);
  bool (*mutate_fd_2)(const void* info, grpc_socket_mutator* mutator);  // empty = mutate_fd is asked
};
struct grpc_socket_mutator {
  const grpc_socket_mutator_vtable* vtable;
  gpr_refcount refcount;
};
void grpc_socket_mutator_init(grpc_socket_mutator* mutator, const grpc_socket_mutator_vtable* vtable);

namespace ondol::rpc {
namespace {

bool mutate(int fd, grpc_socket_mutator*) {
  keep_alive(fd);
  return true;
}
int compare(grpc_socket_mutator*, grpc_socket_mutator*) { return 0; }  // they all do the same
void destroy(grpc_socket_mutator* mutator) { delete mutator; }

constexpr grpc_socket_mutator_vtable kMutator{mutate, compare, destroy, nullptr};

}  // namespace

void keep_alive(int fd) {
  const auto set = [fd](int level, int option, int value) { setsockopt(fd, level, option, &value, sizeof(value)); };
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 5);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 1);
  set(IPPROTO_TCP, TCP_KEEPCNT, 2);
  set(IPPROTO_TCP, TCP_USER_TIMEOUT, kUserTimeoutMs);
  set(IPPROTO_TCP, TCP_NODELAY, 1);
}

void keep_alive(grpc::ChannelArguments& arguments) {
  auto* mutator = new grpc_socket_mutator{};
  grpc_socket_mutator_init(mutator, &kMutator);
  arguments.SetSocketMutator(mutator);  // takes our reference
}

}  // namespace ondol::rpc
