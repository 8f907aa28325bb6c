// Errors of our own as gRPC statuses of the admin service: message, place and remedy in one sentence.
#pragma once

#include <grpcpp/grpcpp.h>

#include "common/base/result.h"

namespace ondol::collector {

inline grpc::StatusCode code_of(Errc code) {
  switch (code) {
    case Errc::kInvalidInput: return grpc::StatusCode::INVALID_ARGUMENT;
    case Errc::kNotFound: return grpc::StatusCode::NOT_FOUND;
    case Errc::kAlreadyExists: return grpc::StatusCode::ALREADY_EXISTS;
    case Errc::kConflict: return grpc::StatusCode::ABORTED;
    case Errc::kRefused: return grpc::StatusCode::PERMISSION_DENIED;
    case Errc::kLimit: return grpc::StatusCode::RESOURCE_EXHAUSTED;
    case Errc::kUnavailable: return grpc::StatusCode::UNAVAILABLE;
    case Errc::kIo: return grpc::StatusCode::UNAVAILABLE;
    case Errc::kCorrupt: return grpc::StatusCode::DATA_LOSS;
    case Errc::kUnsupported: return grpc::StatusCode::UNIMPLEMENTED;
    case Errc::kInterrupted: return grpc::StatusCode::CANCELLED;
  }
  return grpc::StatusCode::INTERNAL;
}

inline grpc::Status status_of(const Error& error) { return {code_of(error.code), ondol::render(error)}; }

// OK, or the error of the Result.
template <typename T>
grpc::Status status_of(const Result<T>& result) {
  return result ? grpc::Status::OK : status_of(result.error());
}

}  // namespace ondol::collector
