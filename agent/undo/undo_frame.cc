#include "agent/undo/undo_frame.h"

#include "common/base/byte_stream.h"
#include "common/base/overload.h"

namespace ondol::undo {
namespace {

constexpr std::string_view kMagic = "ondolun1";
constexpr std::size_t kHeader = 8 + 4;
constexpr std::uint32_t kMaxBody = 4'096, kMaxPath = 1'024, kMaxBootId = 64, kMaxReason = 1'024;

enum class Kind : std::uint8_t { kArm = 1, kDisarm, kArmed, kDisarmed, kRefused };

std::optional<Message> decode_body(ByteReader& in) {
  switch (Kind{in.u8()}) {
    case Kind::kArm: {
      Arm arm;
      arm.state_dir = in.text(kMaxPath);
      arm.generation = Generation{in.u64()};
      arm.deadline = BootTime{Nanoseconds{static_cast<std::int64_t>(in.u64())}};
      arm.boot_id = in.text(kMaxBootId);
      return arm;
    }
    case Kind::kDisarm: return Disarm{};
    case Kind::kArmed: return Armed{};
    case Kind::kDisarmed: return Disarmed{};
    case Kind::kRefused: return Refused{std::string(in.text(kMaxReason))};
  }
  return std::nullopt;
}

std::string encode_body(const Message& message) {
  ByteWriter out;
  const auto kind = [&out](Kind which) { out.u8(static_cast<std::uint8_t>(which)); };
  std::visit(Overload{[&](const Arm& arm) {
                        kind(Kind::kArm);
                        out.text(arm.state_dir);
                        out.u64(arm.generation.value);
                        out.u64(static_cast<std::uint64_t>(arm.deadline.time_since_epoch().count()));
                        out.text(arm.boot_id);
                      },
                      [&](const Disarm&) { kind(Kind::kDisarm); }, [&](const Armed&) { kind(Kind::kArmed); },
                      [&](const Disarmed&) { kind(Kind::kDisarmed); },
                      [&](const Refused& refused) {
                        kind(Kind::kRefused);
                        out.text(refused.reason.substr(0, kMaxReason));
                      }},
             message);
  return std::move(out).take();
}

}  // namespace

std::string encode(const Message& message) {
  const std::string body = encode_body(message);
  ByteWriter out;
  out.raw(kMagic);
  out.u32(static_cast<std::uint32_t>(body.size()));
  out.raw(body);
  return std::move(out).take();
}

Result<std::optional<Message>> take_message(std::string& bytes) {
  const std::size_t known = std::min(bytes.size(), kMagic.size());
  if (bytes.compare(0, known, kMagic, 0, known) != 0) return fail(Errc::kInvalidInput, "is no message of ours");
  if (bytes.size() < kHeader) return std::nullopt;
  ByteReader header(std::string_view(bytes).substr(kMagic.size(), 4));
  const std::uint32_t size = header.u32();
  if (size == 0 || size > kMaxBody) return fail(Errc::kLimit, "is longer than any message of ours");
  if (bytes.size() < kHeader + size) return std::nullopt;
  ByteReader body(std::string_view(bytes).substr(kHeader, size));
  auto message = decode_body(body);
  if (!message || !body.good() || !body.at_end()) return fail(Errc::kInvalidInput, "is not understood");
  bytes.erase(0, kHeader + size);
  return message;
}

}  // namespace ondol::undo
