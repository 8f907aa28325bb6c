// What the owners want of one host's routes, resolved: the value that plan, diff and the wire share.
#pragma once

#include <string>
#include <vector>

#include "common/base/ids.h"
#include "common/resources/routes/route.h"
#include "common/resources/trial/trial.h"

namespace ondol {

enum class Mode : std::uint8_t { kReport = 1, kEnforce = 2 };

namespace routes {

enum class Unlisted : std::uint8_t { kReport = 1, kIgnore = 2, kRemove = 3 };
enum class OnConflict : std::uint8_t { kReport = 1, kTakeOver = 2 };

// A foreign route that matches every field that is set is not looked at.
struct IgnorePattern {
  std::string interface;       // glob with '*' only; empty = any
  std::uint8_t protocol = 0;   // 0 = any
  bool operator==(const IgnorePattern&) const = default;
};

struct RoutesIntent {
  std::vector<Route> routes;  // sorted by key, keys unique
  Unlisted unlisted = Unlisted::kReport;
  OnConflict on_conflict = OnConflict::kReport;
  std::vector<IgnorePattern> ignore;
  Mode mode = Mode::kReport;
  bool operator==(const RoutesIntent&) const = default;
};

}  // namespace routes

// Everything the owners wrote for one host.
struct DesiredState {
  Generation generation;
  Revision revision;
  std::optional<routes::RoutesIntent> routes;  // empty = unmanaged: nothing withdrawn, nothing written
  bool allow_mass_delete = false;
  trial::TrialRules trial{};
  bool operator==(const DesiredState&) const = default;
};

}  // namespace ondol
