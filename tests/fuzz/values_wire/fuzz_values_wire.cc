// Any bytes as what a digest guards or a disk keeps: an error, or a value that goes out again and comes back as the
// same one. The first byte chooses the decoder.
#include <cstdlib>
#include <string_view>

#include "common/wire/drift_wire.h"
#include "common/wire/routes_wire.h"

namespace ondol::wire {
namespace {

void require(bool claim) {
  if (!claim) std::abort();
}

template <typename Value>
void check(const Result<Value>& value, Result<Value> (*decode)(std::string_view)) {
  if (!value) return require(!value.error().message.empty());
  const std::string bytes = encode(*value);
  const Result<Value> again = decode(bytes);
  require(again == value);
  require(encode(*again) == bytes);
}

}  // namespace
}  // namespace ondol::wire

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ondol;
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0: wire::check(wire::decode_routes_report(bytes), wire::decode_routes_report); break;
    case 1: wire::check(wire::decode_desired_state(bytes), wire::decode_desired_state); break;
    case 2: wire::check(wire::decode_host_event(bytes), wire::decode_host_event); break;
    case 3: wire::check(wire::decode_drift(bytes), wire::decode_drift); break;
  }
  return 0;
}
