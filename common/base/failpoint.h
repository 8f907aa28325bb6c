// Named places where a crash test may kill the process, and checks that a safety test may switch off to see what holds
// without them. Compiled to nothing outside ONDOL_FAILPOINTS builds.
#pragma once

#include <string_view>

#ifdef ONDOL_FAILPOINTS
#include <csignal>
#include <cstdlib>

// ONDOL_FAILPOINT=<name> in the environment kills the process with SIGKILL at that place.
#define ONDOL_FAILPOINT(name)                                                         \
  do {                                                                                \
    const char* ondol_wanted = std::getenv("ONDOL_FAILPOINT");                        \
    if (ondol_wanted != nullptr && std::string_view(ondol_wanted) == (name)) std::raise(SIGKILL); \
  } while (false)

namespace ondol {
// ONDOL_OVERRIDE_CHECKS=guard,preflight
inline bool is_overridden(std::string_view check) {
  const char* overridden = std::getenv("ONDOL_OVERRIDE_CHECKS");
  return overridden != nullptr && std::string_view(overridden).find(check) != std::string_view::npos;
}
}  // namespace ondol
#else
#define ONDOL_FAILPOINT(name) \
  do {                        \
  } while (false)
namespace ondol {
constexpr bool is_overridden(std::string_view) { return false; }
}  // namespace ondol
#endif
