#include "common/wire/bounds.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/wire_format_lite.h>

#include <algorithm>
#include <limits>

namespace ondol::wire {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::internal::WireFormatLite;

struct Walk {
  std::size_t left;  // sub-messages that may still come
  int max_depth;

  Result<void> message(std::string_view bytes, const Descriptor& type, int depth);
  Result<void> nested(google::protobuf::io::CodedInputStream& in, std::string_view bytes, const FieldDescriptor* field,
                      int depth);
};

tl::unexpected<Error> torn() { return fail(Errc::kCorrupt, "the message is not well-formed protobuf"); }

Result<void> Walk::nested(google::protobuf::io::CodedInputStream& in, std::string_view bytes,
                          const FieldDescriptor* field, int depth) {
  std::uint32_t size = 0;
  if (!in.ReadVarint32(&size)) return torn();
  const auto start = static_cast<std::size_t>(in.CurrentPosition());
  if (size > bytes.size() - start) return torn();
  if (field != nullptr && field->type() == FieldDescriptor::TYPE_MESSAGE) {
    if (left == 0) return fail(Errc::kLimit, "the message holds too many objects");
    --left;
    ONDOL_TRY(message(bytes.substr(start, size), *field->message_type(), depth + 1));
  }
  return in.Skip(static_cast<int>(size)) ? Result<void>{} : torn();
}

Result<void> Walk::message(std::string_view bytes, const Descriptor& type, int depth) {
  if (depth > max_depth) return fail(Errc::kLimit, "the message is nested too deeply");
  google::protobuf::io::CodedInputStream in(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                            static_cast<int>(bytes.size()));
  while (true) {
    const std::uint32_t tag = in.ReadTag();
    if (tag == 0) return in.ConsumedEntireMessage() ? Result<void>{} : torn();
    const auto kind = WireFormatLite::GetTagWireType(tag);
    if (kind == WireFormatLite::WIRETYPE_START_GROUP || kind == WireFormatLite::WIRETYPE_END_GROUP) return torn();
    if (kind != WireFormatLite::WIRETYPE_LENGTH_DELIMITED) {
      if (!WireFormatLite::SkipField(&in, tag)) return torn();
      continue;
    }
    ONDOL_TRY(nested(in, bytes, type.FindFieldByNumber(WireFormatLite::GetTagFieldNumber(tag)), depth));
  }
}

// Length of the well-formed UTF-8 sequence at the front (RFC 3629: no overlong forms, no surrogates), 0 if none.
std::size_t utf8_front(std::string_view text) {
  const auto byte = [text](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U; };
  const auto tail = [&byte](std::size_t i) { return (byte(i) & 0xc0U) == 0x80U; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return tail(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const bool odd = (first == 0xe0 && byte(1) < 0xa0) || (first == 0xed && byte(1) > 0x9f);
    return !odd && tail(1) && tail(2) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const bool odd = (first == 0xf0 && byte(1) < 0x90) || (first == 0xf4 && byte(1) > 0x8f);
    return !odd && tail(1) && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

void append_escaped(std::string& out, char byte) {
  static constexpr char kDigits[] = "0123456789abcdef";
  const auto value = static_cast<unsigned char>(byte);
  out += {'\\', 'x', kDigits[value >> 4], kDigits[value & 15]};
}

}  // namespace

Result<void> check_shape(std::string_view bytes, const Descriptor& type, const Shape& shape) {
  if (bytes.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    return fail(Errc::kLimit, "the message is too long");
  }
  return Walk{shape.max_messages, shape.max_depth}.message(bytes, type, 1);
}

std::string bounded_text(const std::string& text, std::size_t max) {
  std::string out;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t length = utf8_front(rest);
    const std::size_t cost = length == 0 ? 4 : length;
    if (out.size() + cost > max) break;
    if (length == 0) {
      append_escaped(out, rest.front());
    } else {
      out.append(rest.substr(0, length));
    }
    rest.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out;
}

Result<std::string> checked_text(const std::string& text, std::size_t max, std::string_view name) {
  if (text.size() > max) {
    return fail(Errc::kLimit, std::string(name) + " is longer than " + std::to_string(max) + " bytes");
  }
  return text;
}

Result<std::uint8_t> checked_byte(std::uint32_t number, std::string_view name) {
  if (number > 255) return fail(Errc::kInvalidInput, std::string(name) + " is above 255");
  return static_cast<std::uint8_t>(number);
}

Result<WallTime> checked_wall(std::int64_t unix_ns) {
  if (unix_ns < 0 || unix_ns > (std::int64_t{1} << 62)) return fail(Errc::kInvalidInput, "a time out of range");
  return wall_from_unix_ns(unix_ns);
}

Result<Milliseconds> checked_ms(std::uint64_t ms, std::string_view name) {
  if (ms > 3'155'760'000'000) return fail(Errc::kInvalidInput, std::string(name) + " is longer than a century");
  return Milliseconds{static_cast<std::int64_t>(ms)};
}

std::string serialised(const google::protobuf::MessageLite& message) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream sink(&bytes);
    google::protobuf::io::CodedOutputStream out(&sink);
    out.SetSerializationDeterministic(true);
    message.SerializeToCodedStream(&out);
  }
  return bytes;
}

}  // namespace ondol::wire
