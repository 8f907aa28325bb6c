#include "common/wire/bounds.h"
#include "common/wire/routes_wire.h"

namespace ondol::wire {
namespace {

// 40,000 routes of four messages each, as many object states, and room for multipath.
constexpr Shape kValueShape{600'000, 8};
constexpr Shape kEventShape{2'000, 8};

template <typename Message>
Result<Message> parsed(std::string_view bytes, const Shape& shape) {
  ONDOL_TRY(check_shape(bytes, *Message::descriptor(), shape));
  Message message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return fail(Errc::kCorrupt, "the message is not well-formed protobuf");
  }
  return message;
}

}  // namespace

std::string encode(const session::RoutesReport& report) { return serialised(to_wire(report)); }
std::string encode(const DesiredState& state) { return serialised(to_wire(state)); }
std::string encode(const session::HostEvent& event) { return serialised(to_wire(event)); }

Result<session::RoutesReport> decode_routes_report(std::string_view bytes) {
  return parsed<v1::RoutesValue>(bytes, kValueShape).and_then([](const v1::RoutesValue& value) { return from_wire(value); });
}

Result<DesiredState> decode_desired_state(std::string_view bytes) {
  return parsed<v1::DesiredState>(bytes, kValueShape).and_then([](const v1::DesiredState& state) { return from_wire(state); });
}

Result<session::HostEvent> decode_host_event(std::string_view bytes) {
  return parsed<v1::HostEvent>(bytes, kEventShape).and_then([](const v1::HostEvent& event) { return from_wire(event); });
}

}  // namespace ondol::wire
