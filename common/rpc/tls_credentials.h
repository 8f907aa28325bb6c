// Mutual TLS for gRPC from PEM files: the server's watches them, the client's reads them afresh for each connection.
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "common/base/result.h"

namespace ondol::rpc {

struct TlsFiles {
  std::string key;
  std::string certificate;  // the chain
  std::string ca;
};

// Requires and verifies a client certificate. The files are looked at every second: new handshakes use what is there
// then, open streams are left alone. Swap them together, by renaming a directory's symlink.
Result<std::shared_ptr<grpc::ServerCredentials>> make_server_credentials(const TlsFiles& files);

// Reads the files now; no thread watches them. An error names the file.
Result<std::shared_ptr<grpc::ChannelCredentials>> make_channel_credentials(const TlsFiles& files);

}  // namespace ondol::rpc
