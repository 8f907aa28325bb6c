// What every decoder here shares: bounded text, closed enums, and a look at a message's shape before it is parsed.
#pragma once

#include <google/protobuf/message_lite.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/base/result.h"

namespace google::protobuf {
class Descriptor;
}

namespace ondol::wire {

inline constexpr std::size_t kMaxRoutes = 40'000;  // per value, observed or desired
inline constexpr std::size_t kMaxNexthops = 64;
inline constexpr std::size_t kMaxReason = 256;     // bytes, as all texts
inline constexpr std::size_t kMaxCommand = 512;
inline constexpr std::size_t kMaxName = 256;       // units, users, addresses, versions, ids

// Limits: an empty sub-message costs two bytes on the wire and about a hundred in memory.
struct Shape {
  std::size_t max_messages = 0;  // sub-messages in all
  int max_depth = 0;             // of nesting, the outermost message being 1
};

// Walks the bytes without storing anything. An unknown field is skipped, a group is an error.
Result<void> check_shape(std::string_view bytes, const google::protobuf::Descriptor& type, const Shape& shape);

// What may go out as a proto string: invalid UTF-8 escaped as \xNN, cut to `max` bytes at a character's edge.
std::string bounded_text(const std::string& text, std::size_t max);
Result<std::string> checked_text(const std::string& text, std::size_t max, std::string_view name);

// An enum number that the schema does not list is an error, and so is its zero.
template <typename Value>
Result<Value> closed_enum(int number, bool (*is_valid)(int), std::string_view name) {
  if (number == 0 || !is_valid(number)) {
    return fail(Errc::kInvalidInput, std::string(name) + " has the unknown number " + std::to_string(number));
  }
  return static_cast<Value>(number);
}

Result<std::uint8_t> checked_byte(std::uint32_t number, std::string_view name);

// 1970 to 2116: two such times can be subtracted without overflow.
Result<WallTime> checked_wall(std::int64_t unix_ns);
Result<Milliseconds> checked_ms(std::uint64_t ms, std::string_view name);  // at most a century

// Deterministic: equal messages give equal bytes.
std::string serialised(const google::protobuf::MessageLite& message);

}  // namespace ondol::wire
