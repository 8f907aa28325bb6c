#include "tests/integration/collector/scripted_agent.h"

#include <gtest/gtest.h>

#include "common/loop/clocks.h"
#include "tests/integration/collector/enrol.h"

namespace ondol::collector {

ScriptedAgent::ScriptedAgent(RealCollector& collector, std::string host, std::string instance)
    : collector_(collector), host_(std::move(host)), greeting_(host_), instance_(std::move(instance)), loop_(100'000) {
  identity_ = enrol(collector_, host_, collector_.folder() / ("identity-" + host_ + instance_));
  agent::SessionCallbacks callbacks;
  callbacks.on_open = [this] { opened(); };
  callbacks.on_message = [this](session::ToAgent message) {
    const std::lock_guard lock(mutex_);
    received_.push_back(std::move(message));
    changed_.notify_all();
  };
  callbacks.on_closed = [this](const std::string& reason, bool) {
    const std::lock_guard lock(mutex_);
    closed_ = reason;
    open_ = false;
    changed_.notify_all();
  };
  link_ = agent::make_grpc_session_link([this](std::function<void()> task) { loop_.push(std::move(task), 1); },
                                        std::move(callbacks));
  thread_ = std::thread([this] { run(); });
}

ScriptedAgent::~ScriptedAgent() {
  hang_up();
  loop_.push([this] { link_.reset(); }, 1);
  loop_.close();
  thread_.join();
}

void ScriptedAgent::run() {
  for (auto tasks = loop_.take(1'000); !tasks.empty(); tasks = loop_.take(1'000)) {
    for (auto& task : tasks) task();
  }
}

void ScriptedAgent::connect() {
  {
    const std::lock_guard lock(mutex_);
    received_.clear();
    closed_.reset();
    open_ = true;
  }
  loop_.push([this] { link_->open({collector_.agents_address(), "ondol-collector", identity_}); }, 1);
}

void ScriptedAgent::opened() {
  session::Hello hello;
  hello.host = HostId{greeting_};
  hello.agent_version = "scripted";
  hello.boot_id = "boot";
  hello.instance_id = instance_;
  hello.next_event = next_event;
  hello.oldest_event = EventSequence{1};
  hello.status.received = hello.status.applied = hello.status.running = Generation{runs};
  hello.sent = read_now().wall;
  link_->send(hello);
}

void ScriptedAgent::say(session::ToCollector message) {
  auto shared = std::make_shared<session::ToCollector>(std::move(message));
  loop_.push([this, shared] { link_->send(*shared); }, 1);
}

Result<session::ContactReply> ScriptedAgent::ask(const session::Contact& contact) {
  return agent::make_contact({collector_.agents_address(), "ondol-collector", identity_}, contact);
}

void ScriptedAgent::hang_up() {
  {
    const std::lock_guard lock(mutex_);
    if (!open_) return;
  }
  loop_.push([this] { link_->close(); }, 1);
  wait_for_close();
}

std::optional<std::string> ScriptedAgent::wait_for_close() {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::seconds(20), [&] { return closed_.has_value(); });
  return closed_;
}

}  // namespace ondol::collector
