// Proof of contact: one question on a TCP and TLS connection that is made for it and closed after it.
#pragma once

#include <stop_token>

#include "agent/session/session_link.h"
#include "common/base/result.h"

namespace ondol::agent {

inline constexpr Milliseconds kContactLimit{10'000};  // more than twice what the collector takes to try ports

// Blocks until the collector answered, `limit` passed or `stop` was requested. Nothing is reused: neither the session's
// connection nor one of an earlier contact, and the identity is read from disk.
// Thread: any that may block.
// Errors: one sentence that a person understands. kUnavailable: no answer came (no TCP, not in time); kInterrupted: stopped;
// kRefused: TLS or the collector refused this host, which its own words tell. A reply that does not confirm is no error.
Result<session::ContactReply> make_contact(const SessionTarget& target, const session::Contact& contact,
                                           Milliseconds limit = kContactLimit, std::stop_token stop = {});

}  // namespace ondol::agent
