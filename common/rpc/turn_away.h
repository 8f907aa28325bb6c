// "Come back in so long", said before any work on TLS is done: as a TLS alert, whose number tells the time.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "common/base/clock.h"

namespace ondol::rpc {

using TurnAway = std::array<std::uint8_t, 7>;  // one record

// Numbers 224 to 255 are ours. Steps of a quarter from 0.1 s to two minutes: at least `after`, and less than 27 % more.
// Nobody has signed it: whoever can send it can also hold the connection up for as long, and longer than the last step
// nobody stays away.
TurnAway encode_turn_away(Milliseconds after);

// From what OpenSSL says about an alert that it does not know.
std::optional<Milliseconds> parse_turn_away(std::string_view text);

// ---- gRPC keeps the alert to itself and writes a line about it ----

// Called for each line of gRPC's log, by quieten_libraries().
void note_turn_away(std::string_view line);
// What a handshake of this process was told since this was last asked. Thread: any.
std::optional<Milliseconds> take_turn_away();

}  // namespace ondol::rpc
