// Any bytes as the answer of a name server, as resolv.conf, and as what the kernel says of neighbours and routes.
#include <cstdlib>
#include <string_view>

#include "agent/host/probes/decode_neighbour.h"
#include "agent/host/probes/dns_message.h"
#include "agent/host/probes/resolv_conf.h"

namespace {

using namespace ondol;
using namespace ondol::probes;

void require(bool claim) {
  if (!claim) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string query = encode_dns_query(0x1234).value();
  if (const auto answer = decode_dns_answer(query, bytes)) require(size >= 12 && !render(*answer).empty());
  if (const auto named = encode_dns_query(1, bytes)) require(named->size() <= 12 + 255 + 4);
  require(parse_resolv_conf(bytes).size() <= kMaxNameServers);
  if (const auto neighbour = decode_neighbour({data, size})) require(!state_text(neighbour->state).empty());
  if (const auto route = decode_hops({data, size})) require(route->hops.size() <= size / 8 + 1);
  return 0;
}
