#include "common/rpc/stream_limits.h"

#include <absl/synchronization/mutex.h>
#include <google/protobuf/stubs/logging.h>
#include <grpc/support/log.h>

#include <cstdio>
#include <cstring>

#include "common/rpc/keep_alive.h"
#include "common/rpc/turn_away.h"

namespace ondol::rpc {
namespace {

// A connection that has no stream any more; one that never had any is the door's to end. gRPC looks once in this time at
// every connection, busy or not: 10 s would cost more than the heartbeats of all hosts.
constexpr int kIdleConnectionMs = 600'000;
constexpr int kConnectLimitMs = 10'000;

void hear(gpr_log_func_args* line) {
  note_turn_away(line->message);
  if (std::strstr(line->message, "assertion failed") == nullptr) return;
  std::fprintf(stderr, "%s:%d: %s\n", line->file, line->line, line->message);
}

}  // namespace

void set_stream_limits(grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
  builder.SetMaxSendMessageSize(kMaxMessageBytes);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, 2);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, kIdleConnectionMs);
  builder.AddChannelArgument(GRPC_ARG_ENABLE_CHANNELZ, 0);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, 4096);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 300'000);
}

void set_stream_limits(grpc::ChannelArguments& arguments) {
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  arguments.SetMaxSendMessageSize(kMaxMessageBytes);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // never share a connection with an earlier session
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetInt(GRPC_ARG_ENABLE_CHANNELZ, 0);
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kConnectLimitMs);
  keep_alive(arguments);
}

void quieten_libraries() {
  static const bool is_quiet = [] {
    absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
    gpr_set_log_function(hear);
    google::protobuf::SetLogHandler(nullptr);
    return true;
  }();
  static_cast<void>(is_quiet);
}

}  // namespace ondol::rpc
