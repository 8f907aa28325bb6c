// Asks the running agent of this host one thing over its unix socket.
#pragma once

#include <string>

#include "common/base/result.h"

namespace ondol::agent {

struct LocalAnswered {
  bool accepted = false;
  std::string text;
  std::string status;  // JSON
};

// Blocks for at most 25 s. kUnavailable: no agent listens there; kRefused: not allowed to connect.
// Limits: an answer of 4 MiB.
Result<LocalAnswered> send_local(const std::string& path, const std::string& verb);

}  // namespace ondol::agent
