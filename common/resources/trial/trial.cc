#include "common/resources/trial/trial.h"

#include <fmt/format.h>

namespace ondol::trial {

std::string_view to_string(ProbeKind kind) {
  switch (kind) {
    case ProbeKind::kCollector: return "collector";
    case ProbeKind::kGateway: return "gateway";
    case ProbeKind::kDns: return "dns";
    case ProbeKind::kTcp: return "tcp";
    case ProbeKind::kInbound: return "inbound";
  }
  return "unknown";
}

std::string render(const ProbeTarget& target) {
  std::string text(to_string(target.kind));
  switch (target.kind) {
    case ProbeKind::kCollector: break;
    case ProbeKind::kGateway:
    case ProbeKind::kDns: text += " " + ondol::render(target.address); break;
    case ProbeKind::kTcp: {
      const bool v6 = target.address.family == Family::kIpv6;
      text += fmt::format(" {}{}{}:{}", v6 ? "[" : "", ondol::render(target.address), v6 ? "]" : "", target.port);
      break;
    }
    case ProbeKind::kInbound: text += fmt::format(" tcp/{}", target.port); break;
  }
  return target.name.empty() ? text : text + " (" + target.name + ")";
}

}  // namespace ondol::trial
