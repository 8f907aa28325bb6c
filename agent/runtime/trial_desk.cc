#include "agent/runtime/trial_desk.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <filesystem>
#include <utility>

#include "agent/host/probes/local_servers.h"
#include "agent/host/probes/run_probe.h"
#include "agent/preflight/client.h"
#include "agent/runtime/agent_runtime.h"
#include "agent/session/contact_client.h"
#include "common/base/failpoint.h"

namespace ondol::agent {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kThreads = 8;
constexpr std::chrono::seconds kRest{5};  // a trial's steps follow one another within it

std::vector<trial::ReachTarget> with_name_servers(std::vector<trial::ReachTarget> targets,
                                                  const std::vector<trial::ProbeTarget>& local) {
  for (const trial::ProbeTarget& probe : local) {
    if (probe.kind == trial::ProbeKind::kDns) targets.push_back({trial::render(probe), probe.address, false});
  }
  return targets;
}

std::vector<trial::ProbeTarget> with_local(std::vector<trial::ProbeTarget> targets, const std::vector<trial::ProbeTarget>& local) {
  for (const trial::ProbeTarget& probe : local) {
    const bool is_known = std::ranges::any_of(targets, [&](const trial::ProbeTarget& known) {
      return known.kind == probe.kind && known.address == probe.address && known.port == probe.port;
    });
    if (!is_known && targets.size() + 1 < trial::kMaxProbes) targets.push_back(probe);
  }
  return targets;
}

}  // namespace

TrialEdges make_trial_edges(const AgentConfig& config) {
  TrialEdges edges;
  edges.judge = [socket = config.preflight_socket](auto operations, auto targets) -> Result<trial::PreflightVerdict> {
    if (is_overridden("preflight")) return trial::PreflightVerdict{};
    if (socket.empty()) return fail(Errc::kUnavailable, "no preflight program is configured");
    return preflight::judge_in_scratch(socket, operations, targets);
  };
  edges.local_probes = probes::local_probes;
  edges.probe = probes::run_probe;
  edges.contact = agent::make_contact;
  return edges;
}

// What is left to do of one round; the last probe to end tells all. Thread: the loop's.
struct TrialDesk::Round {
  std::size_t left = 0;
  ProbesDone done;
};

TrialDesk::TrialDesk(asio::io_context& loop, const AgentConfig& config, TrialEdges edges, std::function<void(Happening)> feed)
    : loop_(loop), edges_(std::move(edges)), feed_(std::move(feed)), rest_(loop) {
  if (config.undo_socket.empty()) return;
  undo::KeeperAddress address{config.undo_socket, std::filesystem::absolute(config.state_dir), read_boot_id()};
  keeper_ = std::make_unique<undo::UndoClient>(loop, std::move(address), [this] { rearm(); });
}

TrialDesk::~TrialDesk() {
  stopping_.request_stop();
  if (pool_) pool_->join();
}

void TrialDesk::aside(Work work) {
  if (!pool_) pool_ = std::make_unique<asio::thread_pool>(kThreads + 1);  // one for a contact beside a whole round
  ++under_way_;
  asio::post(*pool_, [this, work = std::move(work)] {
    asio::post(loop_, [this, answer = work()] {
      --under_way_;
      answer();
      rest_when_idle();
    });
  });
}

// An agent spends its life between trials: no thread waits for the next one.
void TrialDesk::rest_when_idle() {
  if (under_way_ > 0) return;
  rest_.expires_after(kRest);
  rest_.async_wait([this](const boost::system::error_code& error) {
    if (!error && under_way_ == 0) pool_.reset();
  });
}

void TrialDesk::preflight(const Preflight& effect) {
  aside([this, effect]() -> Answer {
    auto verdict = edges_.judge(effect.operations, with_name_servers(effect.targets, edges_.local_probes()));
    return [this, done = PreflightDone{effect.attempt, std::move(verdict)}] { feed_(done); };
  });
}

void TrialDesk::run_probes(const RunProbes& effect) {
  const auto targets = effect.phase == ProbePhase::kBefore ? with_local(effect.targets, edges_.local_probes()) : effect.targets;
  if (targets.empty()) return asio::post(loop_, [this, attempt = effect.attempt] { feed_(ProbesDone{attempt, {}}); });
  auto round = std::make_shared<Round>();
  round->left = targets.size();
  round->done.attempt = effect.attempt;
  const auto turns = static_cast<int>((targets.size() + kThreads - 1) / kThreads);
  for (const trial::ProbeTarget& target : targets) {
    aside([this, round, target, limit = Nanoseconds{effect.within} / turns]() -> Answer {
      return [this, round, result = edges_.probe(target, limit)] { note(*round, result); };
    });
  }
}

void TrialDesk::note(Round& round, trial::ProbeResult result) {
  round.done.results.push_back(std::move(result));
  if (--round.left == 0) feed_(std::move(round.done));
}

void TrialDesk::make_contact(const MakeContact& effect, const SessionTarget& target) {
  aside([this, effect, target]() -> Answer {
    auto reply = edges_.contact(target, effect.contact, effect.within, stopping_.get_token());
    return [this, made = ContactMade{effect.attempt, std::move(reply)}] { feed_(made); };
  });
}

void TrialDesk::arm(const ArmUndo& effect) {
  armed_ = effect;
  feed_(UndoArmed{effect.generation, keeper_ ? keeper_->arm(effect.generation, effect.deadline) : Result<void>{}});
}

void TrialDesk::disarm() {
  armed_ = {};
  if (keeper_) static_cast<void>(keeper_->disarm());  // it looks at the disk before it undoes anything
}

// The keeper is gone in the middle of a trial: another one, or no trial.
void TrialDesk::rearm() {
  if (armed_.generation == Generation{}) return;
  if (auto again = keeper_->arm(armed_.generation, armed_.deadline); !again) feed_(UndoArmed{armed_.generation, std::move(again)});
}

}  // namespace ondol::agent
