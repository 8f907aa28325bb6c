#include <cstdint>
#include <cstdlib>

#include "agent/host/routes/decode_rtnetlink.h"
#include "agent/host/routes/encode_rtnetlink.h"
#include "agent/host/routes/snapshot_builder.h"

namespace {

using namespace ondol::routes;  // NOLINT: a fuzz entry is about one module

LinkTable known_links() {
  LinkTable links;
  links.put({1, *InterfaceName::make("lo"), true, true});
  links.put({2, *InterfaceName::make("eth0"), true, true});
  return links;
}

void require(bool claim) {
  if (!claim) std::abort();
}

// What was decoded can be said again, whatever the bytes were.
void encode_again(const ObservedRoute& route, const LinkTable& links) {
  for (const OpKind kind : {OpKind::kAdd, OpKind::kReplace, OpKind::kRemove}) {
    RouteBatch batch(1);
    batch.add(RouteOp{kind, route.route, route.protocol, {}}, links);
    batch.ask_for_acknowledgement();
    Bytes rest = batch.bytes();
    while (next_message(rest)) {
    }
    require(rest.empty());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  LinkTable links = known_links();
  NexthopTable nexthops;
  const ComparedTables tables({1000});
  SnapshotBuilder builder(tables, links, nexthops);
  Bytes rest(data, size);
  while (const auto message = next_message(rest)) {
    builder.take(*message);
    ObservedRoute route;
    if (look_at_route(*message, tables).look == RouteLook::kCompared &&
        decode_route(*message, links, nexthops, route) == Decoded::kWhole) {
      encode_again(route, links);
    }
    if (auto object = decode_nexthop(*message, links)) nexthops.put(std::move(*object));
    if (const auto link = decode_link(*message); link && links.size() < 64) links.put(*link);
    decode_address(*message);
    decode_answer(*message);
    decode_done(*message);
  }
  const RouteSnapshot snapshot = builder.finish();
  require(snapshot.routes.size() <= snapshot.compared);
  return 0;
}
