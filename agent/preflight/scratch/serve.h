// Takes questions from a local socket, one after the other, and answers them.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "agent/preflight/scratch/scratch_namespace.h"

namespace ondol::preflight {

// A socket that nobody answers on is taken over; anything else at that path is left alone. Mode 0600.
Result<int> open_listener(const std::string& path);

// One question a connection, only from root and from the user that this process runs as. Each has kQuestionLimit; a
// question that hangs in the kernel ends the process. Returns when nobody asked for `idle`; an error means that the
// namespace cannot be used any more.
inline constexpr std::chrono::seconds kQuestionLimit{5};
Result<void> serve(int listener, ScratchNamespace& scratch, std::optional<std::chrono::seconds> idle);

// Answers the next question with `why`: a call that stays unanswered has the service manager start the program for it
// again and again.
void refuse_one(int listener, const Error& why, std::chrono::seconds idle);

}  // namespace ondol::preflight
