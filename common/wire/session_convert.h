// Each small session message: proto <-> value.
#pragma once

#include "common/session/messages.h"
#include "ondol/v1/session.pb.h"

namespace ondol::wire {

v1::Hello to_wire(const session::Hello& hello);
Result<session::Hello> from_wire(const v1::Hello& hello);
v1::Heartbeat to_wire(const session::Heartbeat& heartbeat);
Result<session::Heartbeat> from_wire(const v1::Heartbeat& heartbeat);
v1::GenerationStatus to_wire(const session::GenerationStatus& status);
Result<session::GenerationStatus> from_wire(const v1::GenerationStatus& status);
Result<session::EventBatch> from_wire(const v1::EventBatch& batch);  // numbers must rise, the first be `first`

v1::Welcome to_wire(const session::Welcome& welcome);
Result<session::Welcome> from_wire(const v1::Welcome& welcome);
v1::EventAck to_wire(const session::EventAck& ack);
v1::ValueAck to_wire(const session::ValueAck& ack);
Result<session::ValueAck> from_wire(const v1::ValueAck& ack);
v1::ValueRequest to_wire(const session::ValueRequest& request);
Result<session::ValueRequest> from_wire(const v1::ValueRequest& request);
v1::Goodbye to_wire(const session::Goodbye& goodbye);
Result<session::Goodbye> from_wire(const v1::Goodbye& goodbye);

}  // namespace ondol::wire
