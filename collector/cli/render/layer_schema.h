// The schema of layer files for editors, made of the rules that the parser itself goes by.
#pragma once

#include "collector/cli/render/document.h"

namespace ondol::cli {

// JSON Schema, draft 7. It knows keys, words, ranges and forms; what takes more (host bits, families,
// durations out of bounds, duplicates, variables) `config check` tells.
Json layer_schema();

}  // namespace ondol::cli
