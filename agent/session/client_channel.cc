#include "agent/session/client_channel.h"

#include "common/rpc/stream_limits.h"
#include "common/rpc/tls_credentials.h"

namespace ondol::agent {

Result<std::shared_ptr<grpc::Channel>> make_client_channel(const SessionTarget& target) {
  rpc::quieten_libraries();
  const std::string& folder = target.identity_dir;
  auto credentials = rpc::make_channel_credentials({folder + "/key.pem", folder + "/certificate.pem", folder + "/ca.pem"});
  if (!credentials) {
    Error error = std::move(credentials.error());
    error.remedy = "enrol this host: ondol-agent enroll --token TOKEN";
    return fail(std::move(error));
  }
  grpc::ChannelArguments arguments;
  rpc::set_stream_limits(arguments);
  arguments.SetSslTargetNameOverride(target.server_name);
  return grpc::CreateCustomChannel(target.address, *credentials, arguments);
}

}  // namespace ondol::agent
