#include "tests/unit/routes/kernel_model.h"

#include <algorithm>

namespace ondol::routes {
namespace {

Ownership ownership_of(std::uint8_t protocol) {
  return protocol == kOurProtocol ? Ownership::kOurs : Ownership::kForeign;
}

}  // namespace

bool is_that_route(const ObservedRoute& seen, const Route& route, std::uint8_t protocol) {
  return seen.route.key == route.key && seen.protocol == protocol && satisfies(seen.route.value, route.value);
}

bool KernelModel::holds(const RouteKey& key) const {
  return std::ranges::any_of(routes_, [&](const ObservedRoute& seen) { return seen.route.key == key; });
}

std::string KernelModel::apply(const std::vector<RouteOp>& operations) {
  for (const RouteOp& op : operations) {
    if (std::string refusal = apply(op); !refusal.empty()) return refusal;
  }
  return {};
}

std::string KernelModel::apply(const RouteOp& op) {
  const ObservedRoute written{op.route, op.protocol, ownership_of(op.protocol)};
  switch (op.kind) {
    case OpKind::kAdd:
      if (holds(op.route.key)) return "EEXIST " + render(op.route);
      routes_.push_back(written);
      return {};
    case OpKind::kAppend: routes_.push_back(written); return {};
    case OpKind::kReplace: {
      const auto it = std::ranges::find_if(routes_, [&](const auto& seen) { return seen.route.key == op.route.key; });
      if (it == routes_.end()) return "ENOENT " + render(op.route);
      if (!op.before || !is_that_route(*it, op.before->route, op.before->protocol)) return "moved " + render(op.route);
      *it = written;
      return {};
    }
    case OpKind::kRemove: {
      const auto it =
          std::ranges::find_if(routes_, [&](const auto& seen) { return is_that_route(seen, op.route, op.protocol); });
      if (it == routes_.end()) return "ESRCH " + render(op.route);
      routes_.erase(it);
      return {};
    }
  }
  return "unknown operation";
}

RouteSnapshot KernelModel::snapshot() const {
  RouteSnapshot seen;
  seen.routes = routes_;
  sort_by_key(seen.routes);
  seen.compared = static_cast<std::uint32_t>(seen.routes.size());
  return seen;
}

}  // namespace ondol::routes
