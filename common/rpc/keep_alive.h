// TCP keepalive on the sockets of both ends: a peer that is gone without a word is noticed within 15 s.
#pragma once

#include <grpcpp/grpcpp.h>

namespace ondol::rpc {

// An idle connection is probed after 5 s of silence, every second, and ends after 7 s of it. Data holds the probes back
// and ends the connection when nobody acknowledged it for 7 s: at worst it is sent just before the probes would have given
// up, so that both together take 14 s.
void keep_alive(int fd);

// The same for the connections that a channel makes: gRPC asks us before it connects each socket.
void keep_alive(grpc::ChannelArguments& arguments);

}  // namespace ondol::rpc
