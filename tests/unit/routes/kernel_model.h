// A kernel routing table as a plain value: what EXCL, REPLACE, APPEND and a protocol-qualified delete do.
#pragma once

#include <string>
#include <vector>

#include "common/resources/routes/plan_routes.h"

namespace ondol::routes {

class KernelModel {
 public:
  explicit KernelModel(std::vector<ObservedRoute> routes) : routes_(std::move(routes)) {}

  // The first refusal, empty when all went in.
  std::string apply(const std::vector<RouteOp>& operations);
  RouteSnapshot snapshot() const;

 private:
  std::string apply(const RouteOp& op);
  bool holds(const RouteKey& key) const;

  std::vector<ObservedRoute> routes_;  // the order within one key is the kernel's
};

// What a delete or a read of a route written with open fields matches.
bool is_that_route(const ObservedRoute& seen, const Route& route, std::uint8_t protocol);

}  // namespace ondol::routes
