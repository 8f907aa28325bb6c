// The agent's TLS channel to its collector: one per session, with the identity that is on disk now.
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>

#include "agent/session/session_link.h"
#include "common/base/result.h"

namespace ondol::agent {

// Reads certificate.pem, key.pem and ca.pem afresh: a renewed certificate is used by the next session, an open one is
// left alone. An error names the file and the remedy.
Result<std::shared_ptr<grpc::Channel>> make_client_channel(const SessionTarget& target);

}  // namespace ondol::agent
