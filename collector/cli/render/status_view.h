// The collector at three in the morning: first what needs a person, with the next command to type; then the
// figures.
#pragma once

#include <string>
#include <vector>

#include "collector/cli/render/document.h"
#include "common/base/clock.h"
#include "ondol/v1/admin.pb.h"

namespace ondol::cli {

// Something that does not go away by itself.
struct Need {
  Tone tone = Tone::kBad;
  std::string what, hosts, next;  // hosts: "h1, h2 and 5 more"; next: a command
  bool operator==(const Need&) const = default;
};
std::vector<Need> needs_of(const v1::GetStatusReply& reply, WallTime now);  // the gravest first

Document collector_status(const v1::GetStatusReply& reply, WallTime now);

// What to type next for a host with that trouble; empty when there is nothing to do.
std::string next_step(v1::Trouble trouble, const std::string& host);
std::string trouble_word(v1::Trouble trouble);  // "rolled_back", "ok"
std::vector<std::string> trouble_words();       // the worst first
Tone tone_of(v1::Trouble trouble);

}  // namespace ondol::cli
