// Many requests to rtnetlink in as few sends as fit.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "agent/host/routes/request_socket.h"
#include "agent/preflight/scratch/request.h"

namespace ondol::preflight {

using Failures = std::vector<routes::BatchFailure>;  // index into the requests
// What the kernel said to one request that was a question.
using Visit = std::function<void(std::size_t index, const routes::Message& message)>;

// Continues past failures. An error means that it is not known what became of the rest.
Result<Failures> send_requests(routes::RequestSocket& socket, std::span<const Request> requests, const Visit& visit = {});

}  // namespace ondol::preflight
