// What was seen, or why it could not be seen, with its age. Unknown is not empty.
#pragma once

#include <utility>

#include "common/base/clock.h"
#include "common/base/result.h"

namespace ondol {

template <typename T>
struct Observation {
  Now seen;          // when it was read
  Result<T> value;   // an error stays an error all the way to the diff

  bool operator==(const Observation&) const = default;
};

}  // namespace ondol
