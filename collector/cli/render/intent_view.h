// Answers about intent: who said each value and why others are not in effect, what was committed, what two
// revisions differ in.
#pragma once

#include <string>

#include "collector/cli/render/document.h"
#include "common/base/clock.h"
#include "ondol/v1/admin.pb.h"

namespace ondol::cli {

// Without a key a table of all values; with one every detail of it, or what may have been meant.
Document config_explained(const v1::ExplainConfigReply& reply, const std::string& key, WallTime now);
Document config_history(const v1::ListRevisionsReply& reply, WallTime now);
Document config_compared(const v1::DiffConfigReply& reply, bool everything, WallTime now);

}  // namespace ondol::cli
