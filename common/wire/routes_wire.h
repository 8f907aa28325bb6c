// RoutesValue, RoutesIntent and host events: proto <-> value, with every bound checked on the way in.
#pragma once

#include "common/session/messages.h"
#include "ondol/v1/resources.pb.h"

namespace ondol::wire {

v1::RouteKey to_wire(const routes::RouteKey& key);
Result<routes::RouteKey> from_wire(const v1::RouteKey& key);
v1::RouteValue to_wire(const routes::RouteValue& value);
Result<routes::RouteValue> from_wire(const v1::RouteValue& value);
v1::Author to_wire(const Author& author);
Result<Author> from_wire(const v1::Author& author);  // over-long fields are errors; to_wire cuts them and escapes invalid UTF-8
v1::RouteObjectState to_wire(const session::RouteObjectState& state);
Result<session::RouteObjectState> from_wire(const v1::RouteObjectState& state);
// A report beyond 40,000 routes goes out truncated, with the flag set: it never strands a host.
v1::RoutesValue to_wire(const session::RoutesReport& report);
Result<session::RoutesReport> from_wire(const v1::RoutesValue& value);  // unsorted or over 40,000 routes: error
v1::DesiredState to_wire(const DesiredState& state);
Result<DesiredState> from_wire(const v1::DesiredState& state);  // sorts nothing: unsorted or duplicate keys are errors
v1::HostEvent to_wire(const session::HostEvent& event);
Result<session::HostEvent> from_wire(const v1::HostEvent& event);

// Deterministic bytes and back; the digest of a value is over these bytes.
std::string encode(const session::RoutesReport& report);
Result<session::RoutesReport> decode_routes_report(std::string_view bytes);
std::string encode(const DesiredState& state);
Result<DesiredState> decode_desired_state(std::string_view bytes);
std::string encode(const session::HostEvent& event);
Result<session::HostEvent> decode_host_event(std::string_view bytes);

}  // namespace ondol::wire
