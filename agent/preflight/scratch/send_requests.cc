#include "agent/preflight/scratch/send_requests.h"

#include <algorithm>

namespace ondol::preflight {
namespace {

constexpr std::size_t kMaxBytes = 64 * 1024;  // of one send
constexpr std::size_t kMaxAnswers = 256;      // each may be of some hundred bytes

std::size_t fitting(std::span<const Request> requests, std::size_t most) {
  std::size_t bytes = 0, count = 0;
  while (count < requests.size() && count < most && (count == 0 || bytes + requests[count].size() <= kMaxBytes)) {
    bytes += requests[count++].size();
  }
  return count;
}

}  // namespace

Result<Failures> send_requests(routes::RequestSocket& socket, std::span<const Request> requests, const Visit& visit) {
  Failures all;
  const std::size_t most = visit ? std::min(kMaxAnswers, socket.max_batch_messages()) : socket.max_batch_messages();
  for (std::size_t done = 0; done < requests.size();) {
    const std::size_t count = fitting(requests.subspan(done), most);
    const std::uint32_t first = socket.take_sequences(count);
    std::vector<std::uint8_t> batch;
    for (std::size_t i = 0; i < count; ++i) {
      requests[done + i].write_to(batch, first + static_cast<std::uint32_t>(i), i + 1 == count);
    }
    const auto answered = [&](const routes::Message& message) { visit(done + (message.sequence - first), message); };
    auto failures = visit ? socket.send_batch(batch, first, count, answered) : socket.send_batch(batch, first, count);
    if (!failures) return fail(failures.error());
    for (routes::BatchFailure& failure : *failures) all.push_back({done + failure.index, std::move(failure.answer)});
    done += count;
  }
  return all;
}

}  // namespace ondol::preflight
