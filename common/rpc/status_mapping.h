// Errors to gRPC codes, once.
#pragma once

#include <grpcpp/grpcpp.h>

#include "common/base/error.h"

namespace ondol::rpc {

grpc::StatusCode to_status_code(Errc code);
grpc::Status to_status(const Error& error);  // the message is render(error)

}  // namespace ondol::rpc
