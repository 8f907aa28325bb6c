// Routes and route operations as bytes of files and frames, and back; whatever is impossible spoils the reader. Pure.
#pragma once

#include "common/base/byte_stream.h"
#include "common/resources/routes/plan_routes.h"

namespace ondol::routes {

void put(ByteWriter& out, const IpAddress& address);
void get(ByteReader& in, IpAddress& address);
void put(ByteWriter& out, const RouteKey& key);
void get(ByteReader& in, RouteKey& key);
// Without what is unmodelled: no operation and no inverse writes it.
void put(ByteWriter& out, const RouteValue& value);
void get(ByteReader& in, RouteValue& value);
void put(ByteWriter& out, const ObservedRoute& route);
void get(ByteReader& in, ObservedRoute& route);
void put(ByteWriter& out, const RouteOp& op);
void get(ByteReader& in, RouteOp& op);

}  // namespace ondol::routes
