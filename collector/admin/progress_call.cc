// AdminService: how far a change of intent has come. See admin_service.h.
#include <algorithm>

#include "collector/admin/admin_service.h"
#include "collector/admin/host_summary.h"
#include "collector/admin/statuses.h"
#include "common/loop/clocks.h"

namespace ondol::collector {
namespace {

constexpr std::uint32_t kStragglers = 20;
constexpr std::uint32_t kMostStragglers = 1'000;
constexpr Seconds kYouth{90};  // three heartbeats: by then every agent that can come back is back

v1::Step to_wire(Step step) { return static_cast<v1::Step>(static_cast<int>(step) + 1); }

v1::Straggler to_wire(const Straggler& straggler) {
  v1::Straggler out;
  out.set_host(straggler.host.value);
  out.set_step(to_wire(straggler.step));
  out.set_generation(straggler.generation.value);
  out.set_reason(escaped(straggler.reason));
  if (straggler.last_seen != WallTime{}) out.set_last_seen_unix_ns(unix_ns(straggler.last_seen));
  if (straggler.deadline != WallTime{}) out.set_deadline_unix_ns(unix_ns(straggler.deadline));
  return out;
}

}  // namespace

static_assert(static_cast<int>(Step::kApplied) + 1 == v1::STEP_APPLIED);

v1::Progress to_wire(const Progress& progress) {
  v1::Progress out;
  out.set_hosts(progress.total);
  for (std::size_t i = 0; i < kSteps; ++i) {
    v1::StepCount& count = *out.add_steps();
    count.set_step(to_wire(static_cast<Step>(i)));
    count.set_hosts(progress.hosts.at(i));
  }
  for (const Straggler& straggler : progress.stragglers) *out.add_stragglers() = to_wire(straggler);
  return out;
}

bool AdminService::is_young() const { return read_now().wall - parts_.started < kYouth; }

grpc::Status AdminService::GetProgress(Context*, const v1::GetProgressRequest* request, v1::Progress* reply) {
  ProgressQuestion question{Revision{request->revision()}};
  question.young = is_young();
  question.stragglers =
      request->stragglers() == 0 ? kStragglers : std::min(request->stragglers(), kMostStragglers);
  const auto progress = parts_.runtime.ask(
      [question](const CollectorCore& core) { return progress_of(core.hosts(), question); });
  if (!progress) return status_of(progress.error());
  *reply = to_wire(*progress);
  reply->set_revision(request->revision());
  return grpc::Status::OK;
}

}  // namespace ondol::collector
