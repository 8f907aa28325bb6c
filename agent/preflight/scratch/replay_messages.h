// What the host's kernel dumped, as requests that make the same thing again. Only known attributes pass. Pure: any bytes
// may be given.
#pragma once

#include <optional>
#include <vector>

#include "agent/preflight/question.h"
#include "agent/preflight/scratch/request.h"

namespace ondol::preflight {

// Each is empty for what is not to be made: malformed, of another family, or made by the kernel itself.
std::optional<Request> replay_address(const routes::Message& message);
std::optional<Request> replay_nexthop(const routes::Message& message);
std::optional<Request> replay_rule(const routes::Message& message);
std::optional<Request> replay_route(const routes::Message& message);

// The number of an attribute that would have to be replayed and is not known here: a rule or route made without it would
// be another one.
std::optional<std::uint16_t> strange_in_rule(const routes::Message& message);
std::optional<std::uint16_t> strange_in_route(const routes::Message& message);
std::optional<std::uint16_t> strange_in(const Messages& messages,
                                        std::optional<std::uint16_t> (*strange)(const routes::Message&));

bool has_gateway(const Request& route);  // or several nexthops, or a nexthop object: others have to be there first
// Equal for routes of one table, destination, TOS and metric: the kernel keeps such in the order in which they came.
std::vector<std::uint8_t> key_of(const Request& route);
std::uint32_t id_of(const Request& nexthop);
bool is_group(const Request& nexthop);

// Every message that one of the above turns into a request, in order.
std::vector<Request> replay_all(const Messages& messages, std::optional<Request> (*replay)(const routes::Message&));

}  // namespace ondol::preflight
