#include "agent/session/client_channel.h"

#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>

#include <fstream>
#include <iterator>

namespace ondol::agent {
namespace {

constexpr std::size_t kMaxPemBytes = 64 * 1024;
constexpr int kMaxMessageBytes = 256 * 1024;
constexpr int kConnectLimitMs = 10'000;
// Setting a keepalive is gRPC's only way to TCP_USER_TIMEOUT: unacknowledged data for 15 s ends the connection. The
// ping itself is an hour away and never sent in practice: heartbeats do that work.
constexpr int kUserTimeoutMs = 15'000;
constexpr int kPingIntervalMs = 3'600'000;

Result<std::string> read_pem(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return fail(Errc::kNotFound, "cannot read the agent's identity", path,
                "enrol this host: ondol-agent enroll --token TOKEN");
  }
  std::string text(kMaxPemBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kMaxPemBytes || text.empty()) return fail(Errc::kInvalidInput, "not a PEM file of this size", path);
  return text;
}

grpc::ChannelArguments lean_arguments(const std::string& server_name) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  arguments.SetMaxSendMessageSize(kMaxMessageBytes);
  arguments.SetSslTargetNameOverride(server_name);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // never share a connection with an earlier session
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetInt(GRPC_ARG_ENABLE_CHANNELZ, 0);
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kConnectLimitMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kPingIntervalMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kUserTimeoutMs);
  return arguments;
}

}  // namespace

Result<std::shared_ptr<grpc::Channel>> make_client_channel(const SessionTarget& target) {
  auto certificate = read_pem(target.identity_dir + "/certificate.pem");
  if (!certificate) return fail(certificate.error());
  auto key = read_pem(target.identity_dir + "/key.pem");
  if (!key) return fail(key.error());
  auto ca = read_pem(target.identity_dir + "/ca.pem");
  if (!ca) return fail(ca.error());
  auto provider = std::make_shared<grpc::experimental::StaticDataCertificateProvider>(
      *ca, std::vector<grpc::experimental::IdentityKeyCertPair>{{*key, *certificate}});
  grpc::experimental::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(provider);
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  return grpc::CreateCustomChannel(target.address, grpc::experimental::TlsCredentials(options),
                                   lean_arguments(target.server_name));
}

}  // namespace ondol::agent
