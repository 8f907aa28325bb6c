#include "common/loop/clocks.h"

#include <time.h>

namespace ondol {
namespace {

Nanoseconds read_clock(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return Seconds{t.tv_sec} + Nanoseconds{t.tv_nsec};
}

}  // namespace

Now read_now() { return {WallTime{read_clock(CLOCK_REALTIME)}, BootTime{read_clock(CLOCK_BOOTTIME)}}; }

}  // namespace ondol
