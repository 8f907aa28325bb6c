// Applies the candidate in the scratch namespace and says which operation costs which target.
#pragma once

#include <chrono>

#include "agent/host/routes/request_socket.h"
#include "agent/preflight/question.h"

namespace ondol::preflight {

// The namespace is filled already; it is left with the candidate in it. An operation is refused when the kernel refuses
// it and would refuse it on the host too: one that waits for a link that is absent or down there is a note, and what it
// costs once that link is there is asked after all the rest. A target
// that is reached before and not after is a refusal of the first operation in order that cuts it off; with that one left
// out the question is asked again, so that each that would cut something off is named. kUnavailable past the deadline.
Result<Verdict> read_verdict(routes::RequestSocket& socket, const Question& question,
                                 std::chrono::steady_clock::time_point deadline);

}  // namespace ondol::preflight
