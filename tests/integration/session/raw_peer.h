// A peer that keeps none of the agent's manners: any credentials, any bytes, reading only when told to.
#pragma once

#include <grpcpp/grpcpp.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include "ondol/v1/session.grpc.pb.h"
#include "tests/integration/session/road.h"

namespace ondol {

inline std::string read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// identity_dir empty = no client certificate.
inline std::shared_ptr<grpc::Channel> raw_channel(const std::string& address, const Authority& authority,
                                                  const std::string& identity_dir) {
  namespace tls = grpc::experimental;
  const std::string ca = read_text(authority.server_dir() + "/ca.pem");
  std::vector<tls::IdentityKeyCertPair> identity;
  if (!identity_dir.empty()) {
    identity.push_back({read_text(identity_dir + "/key.pem"), read_text(identity_dir + "/certificate.pem")});
  }
  tls::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(std::make_shared<tls::StaticDataCertificateProvider>(ca, identity));
  options.watch_root_certs();
  if (!identity_dir.empty()) options.watch_identity_key_cert_pairs();
  grpc::ChannelArguments arguments;
  arguments.SetSslTargetNameOverride("ondol-collector");
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);  // its window stays 64 KiB, however quick the machine looks to gRPC
  return grpc::CreateCustomChannel(address, tls::TlsCredentials(options), arguments);
}

// An identity whose certificate carries exactly these subject alternative names ("URI:a,URI:b"; empty = none), made by
// the openssl command because our own code cannot make such a thing.
inline std::string odd_identity(const Authority& authority, const std::string& name, const std::string& alternatives) {
  const std::string folder = authority.root() + "/" + name;
  std::filesystem::create_directory(folder);
  write_text(folder + "/ca.pem", pki::render_pem(authority.ca().certificate));
  write_text(folder + "/ca-key.pem", *pki::render_key(authority.ca().key));
  write_text(folder + "/extensions", "extendedKeyUsage=clientAuth\n" +
                                         (alternatives.empty() ? std::string() : "subjectAltName=" + alternatives + "\n"));
  const std::string script =
      "cd " + folder + " && openssl ecparam -name prime256v1 -genkey -noout -out key.pem 2>log &&" +
      " openssl req -new -key key.pem -subj /CN=odd -out csr.pem 2>>log &&" +
      " openssl x509 -req -in csr.pem -CA ca.pem -CAkey ca-key.pem -CAcreateserial -days 1 -extfile extensions" +
      " -out certificate.pem 2>>log";
  EXPECT_EQ(std::system(script.c_str()), 0) << read_text(folder + "/log");
  return folder;
}

class RawPeer {
 public:
  // After `patience` it gives up its own stream: longer than whatever the test waits for.
  explicit RawPeer(std::shared_ptr<grpc::Channel> channel, std::chrono::seconds patience = std::chrono::seconds(20))
      : stub_(v1::AgentSession::NewStub(std::move(channel))) {
    context_.set_deadline(std::chrono::system_clock::now() + patience);
    stream_ = stub_->Connect(&context_);
  }
  bool write(const v1::AgentMessage& message) { return stream_->Write(message); }
  bool read(v1::CollectorMessage& message) { return stream_->Read(&message); }
  void give_up() { context_.TryCancel(); }
  void half_close() { stream_->WritesDone(); }
  // What the server said in the end; takes what is still on the way.
  grpc::Status finish() {
    v1::CollectorMessage ignored;
    while (stream_->Read(&ignored)) {
    }
    return stream_->Finish();
  }

 private:
  std::unique_ptr<v1::AgentSession::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::AgentMessage, v1::CollectorMessage>> stream_;
};

}  // namespace ondol
