// A network namespace that nobody uses, dressed up as the host and emptied again.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "agent/host/routes/request_socket.h"
#include "agent/preflight/question.h"
#include "agent/preflight/scratch/request.h"

namespace ondol::preflight {

// Thread: one. Never touches a namespace that has any link beside loopback and those that it made itself, or that had
// routes when it came: such a one is somebody's.
class ScratchNamespace {
 public:
  // `is_given`: the service manager made one (PrivateNetwork=). Else the process moves to one of its own. kRefused when
  // it may not, and when what was given is not empty.
  static Result<ScratchNamespace> enter(bool is_given);

  routes::RequestSocket& requests() { return requests_; }

  // The host as the question describes it. Gives sentences about what could not be made like it. On an error the
  // namespace is half full: empty it.
  Result<std::vector<std::string>> fill(const Question& question);
  // As it was when it was entered; an error means that it may not be used again.
  Result<void> empty();

 private:
  struct Contents {
    std::vector<Request> addresses, nexthops, rules, routes;
  };

  explicit ScratchNamespace(routes::RequestSocket requests) : requests_(std::move(requests)) {}
  Result<void> set_fallback_links_aside();
  Result<void> check();
  Result<Contents> read_contents();
  Result<void> make_links(const Question& question);
  Result<void> make_rules(const std::vector<Request>& wanted);
  Result<std::size_t> make_addresses(const Question& question);
  Result<std::string> make_some(std::vector<Request>& pending);
  Result<std::vector<std::string>> make_routes(const Question& question);
  Result<bool> remove_extra(const Contents& found);

  routes::RequestSocket requests_;
  bool has_ipv6_ = true;
  std::set<int> made_;      // link numbers, both ends
  std::set<int> fallback_;  // of the kernel's own tunnels
  Contents pristine_;
};

}  // namespace ondol::preflight
