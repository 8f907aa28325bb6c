// Any bytes as frames from a peer: an error, or a message that goes out again and comes back as the same one. The first
// byte chooses the side; the rest is cut into frames by two-byte lengths, so that chunks of one value can follow.
#include <cstdlib>
#include <string_view>

#include "common/wire/session_wire.h"

namespace ondol::wire {
namespace {

void require(bool claim) {
  if (!claim) std::abort();
}

template <typename Inbox, typename Message>
void check_again(const Message& message) {
  Inbox inbox;
  std::optional<Message> last;
  for (Frames frames(message); !frames.done();) {
    const std::string frame = frames.next();
    require(frame.size() <= kMaxFrameBytes);
    auto taken = inbox.take(frame);
    require(taken.has_value());
    if (*taken) last = **std::move(taken);
  }
  require(last == message);
}

template <typename Inbox, typename Message>
void feed(std::string_view bytes) {
  Inbox inbox;
  while (bytes.size() >= 2) {
    const std::size_t announced = static_cast<unsigned char>(bytes[0]) * 256U + static_cast<unsigned char>(bytes[1]);
    bytes.remove_prefix(2);
    const std::string_view frame = bytes.substr(0, announced);
    bytes.remove_prefix(frame.size());
    const auto taken = inbox.take(frame);
    if (!taken) {
      require(!taken.error().message.empty());
      return;
    }
    if (*taken) check_again<Inbox, Message>(**taken);
  }
}

}  // namespace
}  // namespace ondol::wire

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ondol;
  if (size == 0) return 0;
  const std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 2 == 0) {
    wire::feed<wire::AgentFrames, session::ToCollector>(rest);
  } else {
    wire::feed<wire::CollectorFrames, session::ToAgent>(rest);
  }
  return 0;
}
