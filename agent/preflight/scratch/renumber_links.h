// A host's links under numbers that no new network namespace gives by itself. Pure.
#pragma once

#include "agent/preflight/question.h"

namespace ondol::preflight {

inline constexpr int kMaxHostLink = 0x1ffe'ffff;  // numbers of a host's links end here
inline constexpr int kFirstCopy = 0x2000'0000;    // the copy of link N is kFirstCopy + N; loopback keeps its number

// Where the modules of tunnels are loaded, a new namespace has links of theirs, with low numbers that cannot be freed.
// Changes numbers in links and in every message, and nothing else; what is cut or foreign stays as it is.
void renumber_links(Question& question);

}  // namespace ondol::preflight
