#include "common/rpc/status_mapping.h"

namespace ondol::rpc {

grpc::StatusCode to_status_code(Errc code) {
  switch (code) {
    case Errc::kInvalidInput: return grpc::StatusCode::INVALID_ARGUMENT;
    case Errc::kNotFound: return grpc::StatusCode::NOT_FOUND;
    case Errc::kAlreadyExists: return grpc::StatusCode::ALREADY_EXISTS;
    case Errc::kConflict: return grpc::StatusCode::ABORTED;
    case Errc::kRefused: return grpc::StatusCode::PERMISSION_DENIED;
    case Errc::kLimit: return grpc::StatusCode::RESOURCE_EXHAUSTED;
    case Errc::kUnavailable: return grpc::StatusCode::UNAVAILABLE;
    case Errc::kIo: return grpc::StatusCode::INTERNAL;
    case Errc::kCorrupt: return grpc::StatusCode::DATA_LOSS;
    case Errc::kUnsupported: return grpc::StatusCode::UNIMPLEMENTED;
    case Errc::kInterrupted: return grpc::StatusCode::CANCELLED;
  }
  return grpc::StatusCode::UNKNOWN;
}

grpc::Status to_status(const Error& error) { return {to_status_code(error.code), render(error)}; }

}  // namespace ondol::rpc
