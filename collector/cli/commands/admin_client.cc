#include "collector/cli/commands/admin_client.h"

#include <fmt/format.h>
#include <grpcpp/grpcpp.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace ondol::cli {
namespace {

constexpr int kMaxMessageBytes = 64 << 20;  // as admin.proto says
constexpr std::size_t kMaxSocketPath = sizeof(sockaddr_un{}.sun_path) - 1;

Errc errc_of(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::INVALID_ARGUMENT:
    case grpc::StatusCode::OUT_OF_RANGE: return Errc::kInvalidInput;
    case grpc::StatusCode::NOT_FOUND: return Errc::kNotFound;
    case grpc::StatusCode::ALREADY_EXISTS: return Errc::kAlreadyExists;
    case grpc::StatusCode::FAILED_PRECONDITION:
    case grpc::StatusCode::ABORTED: return Errc::kConflict;
    case grpc::StatusCode::PERMISSION_DENIED:
    case grpc::StatusCode::UNAUTHENTICATED: return Errc::kRefused;
    case grpc::StatusCode::RESOURCE_EXHAUSTED: return Errc::kLimit;
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::DEADLINE_EXCEEDED: return Errc::kUnavailable;
    case grpc::StatusCode::UNIMPLEMENTED: return Errc::kUnsupported;
    case grpc::StatusCode::CANCELLED: return Errc::kInterrupted;
    case grpc::StatusCode::DATA_LOSS: return Errc::kCorrupt;
    case grpc::StatusCode::OK:
    case grpc::StatusCode::UNKNOWN:
    case grpc::StatusCode::INTERNAL:
    case grpc::StatusCode::DO_NOT_USE: return Errc::kIo;
  }
  return Errc::kIo;
}

Result<void> check_socket(const std::string& path) {
  if (path.empty() || path.size() > kMaxSocketPath) {
    return fail(Errc::kInvalidInput, fmt::format("a socket path has 1 to {} bytes", kMaxSocketPath), path,
                "give a shorter --socket");
  }
  if (access(path.c_str(), R_OK | W_OK) == 0) return {};
  const int error = errno;
  if (error == EACCES) {
    return fail(Errc::kRefused, "you may not use the collector's admin socket", path,
                "be root or join the group ondol");
  }
  return fail(Errc::kUnavailable, fmt::format("no collector here: {}", std::strerror(error)), path,
              "start ondol-collector on this machine, or name its socket with --socket or ONDOL_SOCKET");
}

}  // namespace

AdminClient::AdminClient(const std::string& socket, std::chrono::seconds timeout) : socket_(socket), timeout_(timeout) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  arguments.SetMaxSendMessageSize(kMaxMessageBytes);
  stub_ = v1::Admin::NewStub(grpc::CreateCustomChannel("unix:" + socket, grpc::InsecureChannelCredentials(), arguments));
}

Result<AdminClient> AdminClient::open(const Options& options) {
  if (auto checked = check_socket(options.socket); !checked) return fail(std::move(checked.error()));
  return AdminClient(options.socket, std::chrono::seconds(options.timeout_seconds));
}

Error AdminClient::error_of(const grpc::Status& status) const {
  const Errc code = errc_of(status.error_code());
  const std::string& message = status.error_message();
  if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
    return {code, fmt::format("the collector did not answer within {} s", timeout_.count()), socket_,
            "look at `ondolctl status`, or give a longer --timeout"};
  }
  const bool no_answer = message.find("connect") != std::string::npos || message.find("Socket closed") != std::string::npos;
  if (status.error_code() == grpc::StatusCode::UNAVAILABLE && no_answer) {
    return {code, "the collector does not answer: " + message, socket_, "see `systemctl status ondol-collector`"};
  }
  return {code, message.empty() ? "the collector refused without a word" : message, {}, {}};
}

Result<void> AdminClient::watch_drift(const v1::WatchDriftRequest& request,
                                      const std::function<bool(const v1::Drift&)>& take) const {
  grpc::ClientContext context;
  const auto reader = stub_->WatchDrift(&context, request);
  v1::Drift drift;
  bool enough = false;
  while (!enough && reader->Read(&drift)) enough = !take(drift);
  if (enough) context.TryCancel();
  const grpc::Status status = reader->Finish();
  if (enough) return {};
  if (!status.ok()) return fail(error_of(status));
  return fail(Errc::kUnavailable, "the collector ended the stream", socket_, "watch again");
}

}  // namespace ondol::cli
