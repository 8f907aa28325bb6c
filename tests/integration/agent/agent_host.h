// A host in a namespace of its own with the agent's real runtime on it and a fake collector in the same process.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <map>
#include <set>
#include <thread>

#include <nlohmann/json.hpp>

#include "agent/local/local_client.h"
#include "agent/runtime/agent_runtime.h"
#include "common/loop/clocks.h"
#include "common/pki/issue.h"
#include "tests/fakes/fake_link.h"
#include "tests/fixtures/network_namespace.h"
#include "tests/fixtures/scratch_dir.h"
#include "tests/unit/routes/routes_by_hand.h"

namespace ondol::agent {

inline void enrol(const std::string& directory, const std::string& host) {
  const WallTime now = read_now().wall;
  const auto ca = pki::make_ca(now).value();
  const auto key = pki::make_key().value();
  const auto csr = pki::parse_csr(*pki::make_csr(key)).value();
  const auto certificate = pki::issue_agent_certificate(ca, csr, HostId{host}, now).value();
  const pki::Identity identity{pki::render_key(key).value(), pki::render_pem(certificate), pki::render_pem(ca.certificate)};
  ASSERT_TRUE(pki::write_identity(directory, identity, {pki::Purpose::kAgent, host}, now));
}

inline std::vector<routes::Route> many(int count, const char* via = "10.0.0.2", int second = 100) {
  std::vector<routes::Route> all;
  for (int i = 0; i < count; ++i) {
    all.push_back(routes::unicast("10." + std::to_string(second + i / 250) + "." + std::to_string(i % 250) + ".0/24", via));
  }
  return all;
}

inline DesiredState desired(std::uint64_t generation, std::vector<routes::Route> all) {
  DesiredState state{Generation{generation}, Revision{"r" + std::to_string(generation)}, {}, true};
  state.routes = routes::enforce(std::move(all));
  return state;
}

// Everything that a trial asks is green, and every change is confirmed.
inline TrialEdges confirming_world() {
  TrialEdges edges;
  edges.judge = [](auto, auto) { return Result<trial::PreflightVerdict>{}; };
  edges.local_probes = [] { return std::vector<trial::ProbeTarget>{{trial::ProbeKind::kGateway, "", {}, 0}}; };
  edges.probe = [](const trial::ProbeTarget& target, Nanoseconds) { return trial::ProbeResult{target, true, "ok", {}}; };
  edges.contact = [](const SessionTarget&, const session::Contact& contact, Milliseconds, const std::stop_token&) {
    return Result<session::ContactReply>({contact.generation, contact.phase == session::ContactPhase::kAfter, "", {}});
  };
  return edges;
}

class AgentHost : public testing::Test {
 protected:
  void SetUp() override {
    fixtures::enter_new_namespace();
    fixtures::make_host_links();
    config_.collector = "127.0.0.1:7443";
    config_.state_dir = scratch_ / "state";
    config_.identity_dir = scratch_ / "identity";
    config_.guard_file = scratch_ / "guard.yaml";
    config_.local_socket = scratch_ / "agent.sock";
    config_.sweep = Milliseconds{500};
    config_.undo_socket.clear();
    ASSERT_EQ(::mkdir(config_.identity_dir.c_str(), 0700), 0);
    enrol(config_.identity_dir, "web-01");
  }
  void TearDown() override { stop(); }

  RuntimeParts parts() {
    auto opened = open_parts(config_);
    EXPECT_TRUE(opened) << render(opened.error());
    opened->make_link = [this](PostToLoop post, SessionCallbacks callbacks) {
      return std::make_unique<fakes::FakeLink>(collector_, std::move(post), std::move(callbacks));
    };
    opened->trial = confirming_world();
    return std::move(*opened);
  }
  void start() {
    runtime_ = std::make_unique<AgentRuntime>(config_, parts());
    ASSERT_TRUE(runtime_->open());
    thread_ = std::thread([this] { runtime_->run(); });
  }
  void stop() {
    if (runtime_) runtime_->stop();
    if (thread_.joinable()) thread_.join();
    runtime_.reset();
  }

  // "10.20.0.0/16 via 10.0.0.2 proto ondol", compared ones of table main.
  std::set<std::string> in_kernel() {
    const auto socket = routes::open_route_socket({}).value();
    const auto snapshot = socket->snapshot({}).value();
    std::set<std::string> lines;
    for (const auto& route : snapshot.routes) {
      const auto& hops = route.route.value.nexthops;
      const std::string via = hops.empty() || !hops[0].gateway ? "nowhere" : render(*hops[0].gateway);
      lines.insert(render(route.route.key.destination) + " via " + via + " proto " + routes::protocol_name(route.protocol));
    }
    return lines;
  }
  bool confirmed(std::uint64_t generation) {
    return collector_.wait_for([&](const auto& events) { return has_result(events, generation, session::GenerationOutcome::kConfirmed); });
  }
  static bool has_result(const std::vector<session::HostEvent>& events, std::uint64_t generation, session::GenerationOutcome outcome) {
    return std::ranges::any_of(events, [&](const session::HostEvent& event) {
      const auto* result = std::get_if<session::GenerationResult>(&event.what);
      return result != nullptr && result->generation.value == generation && result->outcome == outcome;
    });
  }
  bool repaired(const std::string& destination, std::size_t times = 1) {
    return collector_.wait_for([&](const auto& events) {
      return std::ranges::count_if(events, [&](const session::HostEvent& event) {
               const auto* repair = std::get_if<session::RouteRepair>(&event.what);
               return repair != nullptr && render(repair->key.destination) == destination &&
                      repair->outcome == session::RepairOutcome::kRepaired;
             }) >= static_cast<std::ptrdiff_t>(times);
    });
  }

  fixtures::ScratchDir scratch_;
  AgentConfig config_;
  fakes::FakeCollector collector_;
  std::unique_ptr<AgentRuntime> runtime_;
  std::thread thread_;
};

}  // namespace ondol::agent
