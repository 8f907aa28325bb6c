// Everything that one layer says, value by value, with variables filled in.
#pragma once

#include <string>
#include <vector>

#include "common/intent/explain.h"
#include "common/intent/template.h"

namespace ondol::intent {

enum class SayingKind { kSet, kDrop };  // kDrop: `~` for a whole part; nothing of lower layers counts there

struct Saying {
  SayingKind kind = SayingKind::kSet;
  std::string name;  // kDrop: the beginning of the names that it drops
  Statement statement;
};

// In an order in which drops come before what the same layer says.
std::vector<Saying> sayings_of(const Layer& layer, const Expander& expander);

}  // namespace ondol::intent
