// What a trial says on the wire: rules, probes and the proof of contact, proto <-> value, every bound checked.
#pragma once

#include "common/session/messages.h"
#include "ondol/v1/session.pb.h"

namespace ondol::wire {

v1::ProbeTarget to_wire(const trial::ProbeTarget& target);
Result<trial::ProbeTarget> from_wire(const v1::ProbeTarget& target);
v1::ProbeResult to_wire(const trial::ProbeResult& result);
Result<trial::ProbeResult> from_wire(const v1::ProbeResult& result);
v1::TrialRules to_wire(const trial::TrialRules& rules);
Result<trial::TrialRules> from_wire(const v1::TrialRules& rules);  // a deadline out of bounds and unsorted probes are errors

v1::Contact to_wire(const session::Contact& contact);
Result<session::Contact> from_wire(const v1::Contact& contact);
v1::ContactReply to_wire(const session::ContactReply& reply);
Result<session::ContactReply> from_wire(const v1::ContactReply& reply);

}  // namespace ondol::wire
