// Any bytes as a question to the preflight program, as the raw messages in it, and as its answer.
#include <cstdlib>
#include <string_view>

#include "agent/preflight/frame.h"
#include "agent/preflight/idle_links.h"
#include "agent/preflight/scratch/later_links.h"
#include "agent/preflight/scratch/read_paths.h"
#include "agent/preflight/scratch/renumber_links.h"
#include "agent/preflight/scratch/replay_messages.h"

namespace {

using namespace ondol;
using namespace ondol::preflight;

void require(bool claim) {
  if (!claim) std::abort();
}

std::string_view without_header(const std::string& frame) { return std::string_view(frame).substr(kFrameHeader); }

void check_question(std::string_view bytes) {
  const auto question = decode_question(bytes);
  if (!question) return require(!question.error().message.empty());
  require(question->links.size() <= kMaxLinks && question->targets.size() <= kMaxTargets);
  const auto again = encode_frame(*question);
  require(again.has_value());
  require(decode_question(without_header(*again)) == *question);
  const HostView host(*question);
  for (const auto& target : question->targets) (void)host.down_link_of(target.address);
  for (const HostLink& link : later_links(*question)) require(link.index >= kFirstLater);
  Question copy = *question;
  leave_out_idle_links(copy);
  renumber_links(copy);
  require(copy.routes.size() == question->routes.size());
}

void check_answer(std::string_view bytes) {
  const auto verdict = decode_answer(bytes);
  if (!verdict) return;
  require(verdict->judgement.refusals.size() <= kMaxRefusals && verdict->judgement.notes.size() <= kMaxRefusals);
  require(decode_answer(without_header(encode_frame(verdict))) == *verdict);
}

// What is made of any message is a request that is no longer than it.
void check_messages(std::string_view bytes) {
  const Messages messages(bytes.begin(), bytes.end());
  (void)strange_in(messages, strange_in_rule);
  (void)strange_in(messages, strange_in_route);
  for (const auto replay : {replay_address, replay_nexthop, replay_rule, replay_route}) {
    for (const Request& request : replay_all(messages, replay)) {
      require(request.size() <= messages.size() + 64);
      (void)has_gateway(request);
      (void)key_of(request);
      (void)id_of(request);
      (void)is_group(request);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check_question(bytes);
  check_answer(bytes);
  check_messages(bytes);
  return 0;
}
