#include "common/rpc/tls_credentials.h"

#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>

#include <fstream>
#include <vector>

namespace ondol::rpc {
namespace {

namespace tls = grpc::experimental;

constexpr std::size_t kMaxPemBytes = 64 * 1024;
constexpr unsigned kReloadSeconds = 1;

Result<std::string> read_pem(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(Errc::kNotFound, "cannot read the TLS identity", path);
  std::string text(kMaxPemBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kMaxPemBytes || text.empty()) return fail(Errc::kInvalidInput, "not a PEM file of this size", path);
  return text;
}

}  // namespace

Result<std::shared_ptr<grpc::ServerCredentials>> make_server_credentials(const TlsFiles& files) {
  for (const std::string& path : {files.key, files.certificate, files.ca}) ONDOL_TRY(read_pem(path));
  tls::TlsServerCredentialsOptions options(
      std::make_shared<tls::FileWatcherCertificateProvider>(files.key, files.certificate, files.ca, kReloadSeconds));
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  return tls::TlsServerCredentials(options);
}

Result<std::shared_ptr<grpc::ChannelCredentials>> make_channel_credentials(const TlsFiles& files) {
  auto certificate = read_pem(files.certificate);
  if (!certificate) return fail(std::move(certificate.error()));
  auto key = read_pem(files.key);
  if (!key) return fail(std::move(key.error()));
  auto ca = read_pem(files.ca);
  if (!ca) return fail(std::move(ca.error()));
  tls::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(std::make_shared<tls::StaticDataCertificateProvider>(
      *ca, std::vector<tls::IdentityKeyCertPair>{{*std::move(key), *std::move(certificate)}}));
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  return tls::TlsCredentials(options);
}

}  // namespace ondol::rpc
