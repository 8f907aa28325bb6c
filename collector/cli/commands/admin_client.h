// Calls the collector's Admin service over its unix socket; every failure is an Error that says what to do.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "collector/cli/commands/options.h"
#include "ondol/v1/admin.grpc.pb.h"

namespace ondol::cli {

class AdminClient {
 public:
  // Looks at the socket first: a missing file and a missing permission have different remedies.
  static Result<AdminClient> open(const Options& options);

  template <typename Request, typename Reply>
  using Method = grpc::Status (v1::Admin::Stub::*)(grpc::ClientContext*, const Request&, Reply*);

  template <typename Request, typename Reply>
  Result<Reply> call(Method<Request, Reply> method, const Request& request) const {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + timeout_);
    Reply reply;
    const grpc::Status status = ((*stub_).*method)(&context, request, &reply);
    if (!status.ok()) return fail(error_of(status));
    return reply;
  }

  // Calls `take` for each drift until the stream ends or `take` says enough (false). No deadline.
  Result<void> watch_drift(const v1::WatchDriftRequest& request, const std::function<bool(const v1::Drift&)>& take) const;

 private:
  AdminClient(const std::string& socket, std::chrono::seconds timeout);
  Error error_of(const grpc::Status& status) const;

  std::string socket_;
  std::chrono::seconds timeout_;
  std::unique_ptr<v1::Admin::Stub> stub_;
};

// Opens and calls in one go: most commands make a single call.
template <typename Request, typename Reply>
Result<Reply> call_admin(const Options& options, AdminClient::Method<Request, Reply> method, const Request& request) {
  auto client = AdminClient::open(options);
  if (!client) return fail(std::move(client.error()));
  return client->call(method, request);
}

}  // namespace ondol::cli
