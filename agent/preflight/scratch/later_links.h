// The host as it will be once the links are there that operations wait for.
#pragma once

#include <set>
#include <string>

#include "agent/host/routes/request_socket.h"
#include "agent/preflight/question.h"

namespace ondol::preflight {

inline constexpr int kFirstLater = 0x3fff'0000;      // numbers of links that the host does not have yet
inline constexpr std::size_t kMaxLaterLinks = 256;  // more are not looked at

// Pure. Links that operations name and the host lacks, each once: up, with a carrier, and as strict as loopback is.
std::vector<HostLink> later_links(const Question& question);
// Pure. Which of its links an operation waits for: absent, or down. Names.
std::set<std::string> awaited_by(const routes::RouteOp& operation, const Question& question);

// Pure. The same question with the links named in `awaited` there and up; without what is in the namespace already
// (nexthops, rules, routes). A gateway on a link that is absent now is taken to be on that link.
Question with_links_there(const Question& question, const std::set<std::string>& awaited);
// Makes in the namespace what `later` has and `now` has not. An absent link gets an address beside each gateway on it, one
// that was down the routes that its addresses make.
Result<void> make_links_be_there(routes::RequestSocket& socket, const Question& now, const Question& later);

}  // namespace ondol::preflight
