// Asks the preflight program: may this change be tried, or would it cut the host off?
#pragma once

#include <chrono>
#include <span>
#include <string>

#include "agent/preflight/question.h"
#include "common/base/result.h"

namespace ondol::preflight {

inline constexpr std::string_view kDefaultSocket = "/run/ondol/preflight.sock";
inline constexpr std::chrono::seconds kAnswerLimit{6};  // the program gives up after 5

// Thread: any; blocks for up to kAnswerLimit. Errors: kUnavailable when nobody listens or the answer does not come: the
// sentence names the socket.
Result<Verdict> ask(const std::string& socket, const Question& question);

// Everything at once: reads the live host, asks, and gives what the agent decides by. Changes nothing on the host. Errors:
// as ask(), and kUnavailable too when the copy of the host turned out not to be like it.
Result<trial::PreflightVerdict> judge_in_scratch(const std::string& socket, std::span<const routes::RouteOp> operations,
                                                 std::span<const trial::ReachTarget> targets);

}  // namespace ondol::preflight
