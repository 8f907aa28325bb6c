// A moment or a revision, as an operator writes it.
#pragma once

#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "ondol/v1/admin.pb.h"

namespace ondol::cli {

// "2026-11-20", "2026-11-20T10:02", "2026-11-20 10:02:11Z" (UTC all of them), or how long ago: "90s", "30m",
// "2h", "3d".
Result<WallTime> parse_moment(std::string_view text, WallTime now);

// "current", "previous", the first digits of one, or "@" and a moment. Empty = current.
Result<v1::RevisionRef> parse_revision(const std::string& text, WallTime now);

}  // namespace ondol::cli
