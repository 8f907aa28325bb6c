// Named places where a crash test may kill the process. Compiled to nothing outside ONDOL_FAILPOINTS builds.
#pragma once

#ifdef ONDOL_FAILPOINTS
#include <csignal>
#include <cstdlib>
#include <string_view>

// ONDOL_FAILPOINT=<name> in the environment kills the process with SIGKILL at that place.
#define ONDOL_FAILPOINT(name)                                                         \
  do {                                                                                \
    const char* ondol_wanted = std::getenv("ONDOL_FAILPOINT");                        \
    if (ondol_wanted != nullptr && std::string_view(ondol_wanted) == (name)) std::raise(SIGKILL); \
  } while (false)
#else
#define ONDOL_FAILPOINT(name) \
  do {                        \
  } while (false)
#endif
