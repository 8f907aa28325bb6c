// A value as an agent sends it: routes, their bytes and the digest of those.
#pragma once

#include "common/wire/routes_wire.h"
#include "tests/fakes/agent_says.h"

namespace ondol::collector {

inline session::ValueReport reported(std::initializer_list<std::string> written) {
  session::RoutesReport report = report_of(written);
  const std::string payload = wire::encode(report);
  return {digest_of(payload), payload, std::move(report)};
}

}  // namespace ondol::collector
