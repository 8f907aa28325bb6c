// Both ends of a session on loopback with real certificates: the server's events are recorded, the agent's link runs
// on a small loop of its own that the test turns.
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <string>

#include "agent/session/session_link.h"
#include "collector/session/session_server.h"
#include "common/loop/clocks.h"
#include "common/pki/issue.h"

namespace ondol {

inline void write_text(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

// A CA, the server's directory, and agents' directories.
class Authority {
 public:
  Authority() : ca_(*pki::make_ca(read_now().wall)) {
    char name[] = "/tmp/ondol-session-XXXXXX";
    root_ = mkdtemp(name);
    const auto key = *pki::make_key();
    const auto certificate = *pki::issue_server_certificate(ca_, key, {"ondol-collector", "127.0.0.1"}, read_now().wall);
    write_identity("server", "server-key.pem", *pki::render_key(key), "server.pem", pki::render_pem(certificate));
  }
  ~Authority() { std::filesystem::remove_all(root_); }

  std::string server_dir() const { return root_ + "/server"; }
  std::string root() const { return root_; }
  const pki::Ca& ca() const { return ca_; }
  // The directory of an agent's identity whose certificate names `host`.
  std::string agent_dir(const std::string& host) {
    const auto key = *pki::make_key();
    const auto csr = *pki::parse_csr(*pki::make_csr(key));
    const auto certificate = *pki::issue_agent_certificate(ca_, csr, HostId{host}, read_now().wall);
    return write_identity("agent-" + host + std::to_string(++count_), "key.pem", *pki::render_key(key), "certificate.pem",
                          pki::render_pem(certificate));
  }

 private:
  std::string write_identity(const std::string& name, const std::string& key_file, const std::string& key,
                             const std::string& certificate_file, const std::string& certificate) {
    const std::string directory = root_ + "/" + name;
    std::filesystem::create_directory(directory);
    write_text(directory + "/" + key_file, key);
    write_text(directory + "/" + certificate_file, certificate);
    write_text(directory + "/ca.pem", pki::render_pem(ca_.certificate));
    return directory;
  }

  pki::Ca ca_;
  std::string root_;
  int count_ = 0;
};

// Tasks posted from other threads, run by the thread that waits.
class TurnedLoop {
 public:
  void post(std::function<void()> task) {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
    ready_.notify_all();
  }
  template <typename Until>
  bool run_until(Until until, std::chrono::seconds limit = std::chrono::seconds(20)) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (!until()) {
      std::function<void()> task;
      {
        std::unique_lock lock(mutex_);
        if (!ready_.wait_until(lock, deadline, [this] { return !tasks_.empty(); })) return until();
        task = std::move(tasks_.front());
        tasks_.pop_front();
      }
      task();
    }
    return true;
  }

 private:
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<std::function<void()>> tasks_;
};

// The server; its events come to the test's loop.
class Server {
 public:
  struct Opened {
    collector::ConnectionId id;
    HostId host;
    std::string serial;
    std::string peer;
  };

  Server(TurnedLoop& loop, const Authority& authority, collector::SessionServerOptions options = {}) : loop_(loop) {
    if (options.listen.empty()) options.listen = "127.0.0.1:0";
    if (options.identity_dir.empty()) options.identity_dir = authority.server_dir();
    collector::SessionEvents events;
    events.on_open = [this](collector::ConnectionId id, const HostId& host, const std::string& serial, const std::string& peer) {
      loop_.post([this, id, host, serial, peer] { opened.push_back({id, host, serial, peer}); });
    };
    events.on_message = [this](collector::ConnectionId id, session::ToCollector message) {
      loop_.post([this, id, message] { messages.emplace_back(id, message); });
    };
    events.on_closed = [this](collector::ConnectionId id, const std::string& reason) {
      loop_.post([this, id, reason] { closed.emplace_back(id, reason); });
    };
    events.on_turned_away = [this](const HostId& host) { loop_.post([this, host] { turned_away.push_back(host); }); };
    auto started = collector::start_session_server(options, std::move(events), [] {});
    if (!started) ADD_FAILURE() << render(started.error());
    else server = std::move(*started);
  }
  void send(collector::ConnectionId to, session::ToAgent message) {
    server->post([this, to, message = std::move(message)] { server->send(to, message); });
  }
  std::string address() const { return "127.0.0.1:" + std::to_string(server->port()); }

  std::vector<Opened> opened;
  std::vector<std::pair<collector::ConnectionId, session::ToCollector>> messages;
  std::vector<std::pair<collector::ConnectionId, std::string>> closed;
  std::vector<HostId> turned_away;
  std::unique_ptr<collector::SessionServer> server;

 private:
  TurnedLoop& loop_;
};

class Agent {
 public:
  explicit Agent(TurnedLoop& loop) {
    agent::SessionCallbacks callbacks;
    callbacks.on_open = [this] { is_open = true; };
    callbacks.on_message = [this](session::ToAgent message) { messages.push_back(std::move(message)); };
    callbacks.on_closed = [this](const std::string& reason, bool was_refused) {
      is_open = false;
      ++times_closed;
      close_reason = reason;
      refused = was_refused;
    };
    link = agent::make_grpc_session_link([&loop](std::function<void()> task) { loop.post(std::move(task)); }, callbacks);
  }
  void open(const std::string& address, const std::string& identity_dir) {
    link->open({address, "ondol-collector", identity_dir});
  }

  bool is_open = false, refused = false;
  int times_closed = 0;
  std::string close_reason;
  std::vector<session::ToAgent> messages;
  std::unique_ptr<agent::SessionLink> link;
};

inline session::Hello hello_of(const std::string& host) {
  session::Hello hello;
  hello.host = HostId{host};
  hello.agent_version = "test";
  hello.boot_id = "boot";
  hello.instance_id = "instance";
  hello.next_event = EventSequence{1};
  hello.oldest_event = EventSequence{1};
  return hello;
}

}  // namespace ondol
