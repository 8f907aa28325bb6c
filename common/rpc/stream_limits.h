// The numbers both ends of a session stream must agree on, in one place.
#pragma once

#include <grpcpp/grpcpp.h>

namespace ondol::rpc {

inline constexpr int kMaxMessageBytes = 256 * 1024;
// A peer that acknowledges nothing for so long is gone. Dead TCP peers are the kernel's to find, hung ones the
// heartbeats': an HTTP/2 ping would cost as much as a heartbeat.
inline constexpr int kUserTimeoutMs = 7'000;

void set_stream_limits(grpc::ServerBuilder& builder);
void set_stream_limits(grpc::ChannelArguments& arguments);

// Switches off what the libraries do behind our back: abseil's lock-order search (9 % of a message's cost in Debian's
// build), gRPC's and protobuf's own lines on stderr, which any peer could write at will. A failed assertion of theirs is
// still printed. Cheap to call again.
void quieten_libraries();

}  // namespace ondol::rpc
