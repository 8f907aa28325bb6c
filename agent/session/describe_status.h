// Why a call to the collector ended, in words that a person can act on.
#pragma once

#include <grpcpp/grpcpp.h>

#include <string>

namespace ondol::agent {

struct CallEnding {
  std::string reason;
  bool refused = false;  // by name: asking again soon is of no use
};

CallEnding describe(const grpc::Status& status, bool was_open);

}  // namespace ondol::agent
