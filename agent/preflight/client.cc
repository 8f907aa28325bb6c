#include "agent/preflight/client.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "agent/host/probes/kernel_query.h"
#include "agent/preflight/frame.h"
#include "agent/preflight/local_stream.h"
#include "agent/preflight/read_host.h"

namespace ondol::preflight {
namespace {

Error no_answer(const Error& why, const std::string& socket) {
  return {Errc::kUnavailable, "the preflight program at " + socket + " gave no answer: " + why.message, "",
          "systemctl status ondol-preflight.socket ondol-preflight.service"};
}

// A target that this host sends to and its copy does not: the copy is not good enough to judge by.
Result<void> compare_with_the_host(const Question& question, const Verdict& verdict) {
  if (verdict.targets.size() != question.targets.size()) return fail(Errc::kCorrupt, "the answer is to another question");
  for (std::size_t i = 0; i < verdict.targets.size(); ++i) {
    const Reach& copied = verdict.targets[i].before;
    if (copied.there || !copied.interface.empty()) continue;
    const auto live = probes::read_route_to(question.targets[i].address);
    if (!live || (live->hops.empty() && !live->is_local)) continue;
    return fail(Errc::kUnavailable, "the copy of this host in the scratch namespace does not reach " +
                                        question.targets[i].name + " as the host does: it cannot judge");
  }
  return {};
}

}  // namespace

Result<Verdict> ask(const std::string& socket, const Question& question) {
  const auto frame = encode_frame(question);
  if (!frame) return fail(frame.error());
  LocalStream stream(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), std::chrono::steady_clock::now() + kAnswerLimit);
  if (stream.fd() < 0) return fail(Errc::kIo, std::string("socket: ") + std::strerror(errno));
  if (const auto connected = stream.connect(socket); !connected) return fail(no_answer(connected.error(), socket));
  if (const auto written = stream.write(*frame); !written) return fail(no_answer(written.error(), socket));
  const auto answer = stream.read_frame(kMaxAnswer);
  if (!answer) return fail(no_answer(answer.error(), socket));
  return decode_answer(*answer);
}

Result<trial::PreflightVerdict> judge_in_scratch(const std::string& socket, std::span<const routes::RouteOp> operations,
                                                 std::span<const trial::ReachTarget> targets) {
  const auto question = read_host(operations, targets);
  if (!question) return fail(question.error());
  auto verdict = ask(socket, *question);
  if (!verdict) return fail(verdict.error());
  ONDOL_TRY(compare_with_the_host(*question, *verdict));
  return std::move(verdict->judgement);
}

}  // namespace ondol::preflight
