#include <fmt/format.h>

#include "collector/admin/admin_service.h"
#include "common/rpc/unix_relay.h"

namespace ondol::collector {

Result<std::string> actor_of(const grpc::ServerContext& context) {
  const auto caller = rpc::caller_of(context);
  if (!caller) return fail(Errc::kRefused, "the caller is unknown: " + caller.error().message);
  return fmt::format("uid {} ({})", caller->uid, escaped(caller->name));
}

}  // namespace ondol::collector
