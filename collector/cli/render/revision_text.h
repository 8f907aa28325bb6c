// One commit, as people read it and as JSON.
#pragma once

#include <fmt/format.h>

#include <string>

#include "collector/cli/render/time_text.h"
#include "ondol/v1/admin.pb.h"

namespace ondol::cli {

inline std::string short_id(const std::string& id) { return id.substr(0, 12); }

// "3f2a1b4c5d6e, 2026-11-19 10:02:11 by uid 0 (root): card network"
inline std::string revision_text(const v1::RevisionInfo& info, WallTime now) {
  const std::string message = info.message().empty() ? "" : ": " + info.message();
  return fmt::format("{}, {} by {}{}", short_id(info.id()), clock_text(info.committed_unix_ns(), now),
                     info.author(), message);
}

inline Json revision_json(const v1::RevisionInfo& info) {
  const bool counted = info.counted();
  return {{"number", info.number()},
          {"id", info.id()},
          {"author", info.author()},
          {"message", text_json(info.message())},
          {"committed_at", time_json(info.committed_unix_ns())},
          {"hosts_changed", counted ? Json(info.hosts_changed()) : Json()},
          {"hosts_total", counted ? Json(info.hosts_total()) : Json()},
          {"allow_mass_delete", info.allow_mass_delete()},
          {"current", info.current()}};
}

}  // namespace ondol::cli
