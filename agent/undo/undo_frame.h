// The few words that the agent and the keeper of its undo exchange.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "common/base/clock.h"
#include "common/base/ids.h"
#include "common/base/result.h"

namespace ondol::undo {

// ---- the agent says ----
struct Arm {
  std::string state_dir;  // absolute; its journal is on disk already
  Generation generation;
  BootTime deadline{};
  std::string boot_id;
  bool operator==(const Arm&) const = default;
};
struct Disarm {
  bool operator==(const Disarm&) const = default;
};

// ---- the keeper answers each, in order ----
struct Armed {
  bool operator==(const Armed&) const = default;
};
struct Disarmed {
  bool operator==(const Disarmed&) const = default;
};
struct Refused {
  std::string reason;
  bool operator==(const Refused&) const = default;
};

using Message = std::variant<Arm, Disarm, Armed, Disarmed, Refused>;

// Limits: 4 KiB a message; a path of 1,024 bytes.
std::string encode(const Message& message);

// Takes the first whole message off `bytes`. Empty = more must come; an error = this is no peer of ours.
Result<std::optional<Message>> take_message(std::string& bytes);

}  // namespace ondol::undo
