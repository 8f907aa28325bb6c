// Any bytes as words between the agent and the keeper of its undo, whole and in pieces, and as the journal
// that the keeper reads.
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "agent/state/state_codec.h"
#include "agent/undo/undo_frame.h"

namespace {

using namespace ondol;
using undo::Message;

void require(bool claim) {
  if (!claim) std::abort();
}

// Everything whole that is in it, until more must come or the peer is none of ours.
std::vector<Message> take_all(std::string& bytes, bool& is_refused) {
  std::vector<Message> found;
  while (!is_refused) {
    const std::size_t before = bytes.size();
    auto message = undo::take_message(bytes);
    is_refused = !message;
    if (!message || !*message) {
      require(bytes.size() == before);
      return found;
    }
    require(bytes.size() < before);
    found.push_back(**std::move(message));
  }
  return found;
}

void check_words(std::string_view bytes) {
  std::string left(bytes);
  bool is_refused = false;
  const std::vector<Message> whole = take_all(left, is_refused);
  for (const Message& message : whole) {
    std::string again = undo::encode(message);
    const auto read = undo::take_message(again);
    require(read && *read && **read == message && again.empty());
  }
  // A stream may be cut anywhere: the same words come out of it.
  std::vector<Message> in_pieces;
  std::string received;
  bool cut_refused = false;
  for (std::size_t at = 0; at < bytes.size() && !cut_refused; at += 7) {
    received += bytes.substr(at, 7);
    for (Message& message : take_all(received, cut_refused)) in_pieces.push_back(std::move(message));
  }
  require(in_pieces == whole && cut_refused == is_refused);
}

void check_journal(std::string_view bytes) {
  const auto journal = agent::decode_journal(bytes);
  if (!journal) return require(!journal.error().message.empty());
  const auto again = agent::decode_journal(agent::encode(*journal));
  require(again && *again == *journal);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check_words(bytes);
  check_journal(bytes);
  return 0;
}
