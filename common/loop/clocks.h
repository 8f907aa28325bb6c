// The only place that reads the clocks.
#pragma once

#include "common/base/clock.h"

namespace ondol {

Now read_now();

}  // namespace ondol
