// A collector whose every answer is full of what a hostile host may say: control characters in all texts.
#pragma once

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <thread>

#include "ondol/v1/admin.grpc.pb.h"

namespace ondol::cli {

inline constexpr const char* kHostileText =
    "evil\x1b[31m\x07\x7f\xc2\x9b"
    "0;x\r\n";

// Serves every call of the service that admin.proto declares, whatever it is called: those of later versions
// too.
class HostileAdmin {
 public:
  explicit HostileAdmin(const std::string& socket);
  ~HostileAdmin();

 private:
  void serve();

  grpc::AsyncGenericService service_;
  std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<std::thread> thread_;
};

}  // namespace ondol::cli
