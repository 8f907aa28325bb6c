// The agent's unix socket: one line of JSON in, one out. Status for its group, changes for root and the agent's own user.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "common/base/result.h"

namespace ondol::agent {

struct LocalCall {
  std::string verb;  // status hold release withdraw
  std::string who;   // "uid 0 (pid 4121)"
};
struct LocalReply {
  bool accepted = false;
  std::string text;    // for people
  std::string status;  // JSON; only for the verb status
};
// May answer later; answering twice or after the caller left does nothing.
using LocalAnswer = std::function<void(LocalReply)>;
using LocalHandler = std::function<void(const LocalCall&, LocalAnswer)>;

// Thread: the loop's.
// Limits: 16 callers at once, 4 KiB per request, 5 s per call.
class LocalServer {
 public:
  // Takes the path over from a dead agent, not from a living one. Mode 0660.
  static Result<std::unique_ptr<LocalServer>> open(boost::asio::io_context& loop, const std::string& path,
                                                   LocalHandler handler);
  ~LocalServer();

 private:
  struct Shared;
  explicit LocalServer(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}
  std::shared_ptr<Shared> shared_;
};

}  // namespace ondol::agent
