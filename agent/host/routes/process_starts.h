// Who was just started: a short-lived process is gone before its route event is read, but not before its start is.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>

#include "agent/host/routes/read_author.h"
#include "common/base/clock.h"
#include "common/base/result.h"

namespace ondol::routes {

// The kernel's process connector tells every exec of the host. It exists in the first network namespace only and asks for
// CAP_NET_ADMIN; a socket that is open and subscribed may be handed over instead.
// Thread: one. Limits: 4,096 processes are remembered, five seconds each; after 1,000 starts within a second nothing is
// heard for two.
// Cost: about 20 us per start of a process that could change routes, less for others.
class ProcessStarts {
 public:
  static Result<ProcessStarts> open();
  static ProcessStarts adopt(int fd);  // takes it over
  ProcessStarts(ProcessStarts&& other) noexcept;
  ProcessStarts& operator=(ProcessStarts&&) = delete;
  ~ProcessStarts();

  int fd() const { return fd_; }
  // Everything that waits; `authors` reads each process while it lives.
  void read(AuthorReader& authors, BootTime now);
  // The last process started under this id, unless so long ago that the id may have been used again.
  const Author* find(std::uint32_t pid, BootTime now) const;

 private:
  struct Start {
    Author author;
    BootTime seen{};
  };

  explicit ProcessStarts(int fd);
  void remember(std::uint32_t pid, Author author, BootTime now);
  void set_hearing(bool hears);
  bool is_storm(BootTime now);

  int fd_;
  Nanoseconds valid_for_;
  std::unordered_map<std::uint32_t, Start> starts_;
  std::deque<std::uint32_t> order_;
  BootTime second_{}, deaf_until_{};
  int in_second_ = 0;
  bool hears_ = true;
  bool is_ours_ = false;  // subscribed by us
};

}  // namespace ondol::routes
