// The process at the other end of a unix socket, held so firmly that its number cannot pass to another.
#pragma once

#include <sys/types.h>

#include "common/base/clock.h"
#include "common/base/result.h"

namespace ondol::undo {

class PeerProcess {
 public:
  PeerProcess() = default;
  PeerProcess(PeerProcess&& other) noexcept;
  PeerProcess& operator=(PeerProcess&& other) noexcept;
  ~PeerProcess();

  // kRefused unless it is root's or of this process' own user.
  static Result<PeerProcess> open(int connection);

  pid_t pid() const { return pid_; }
  // Kills it and waits for its end, at most `patience`: a process may be stuck in the kernel.
  bool kill(Milliseconds patience) const;

 private:
  pid_t pid_ = 0;
  int fd_ = -1;
};

}  // namespace ondol::undo
