// Route operations to bytes of rtnetlink. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/host/routes/link_table.h"
#include "common/resources/routes/plan_routes.h"

namespace ondol::routes {

// Messages end to end, ready for one send.
class RouteBatch {
 public:
  // Limits: a send of more than the socket's buffer fails whole.
  static constexpr std::size_t kMaxBytes = 64 * 1024;

  explicit RouteBatch(std::uint32_t first_sequence) : first_sequence_(first_sequence) {}

  // Why the operation cannot be said to the kernel; waiting = an interface of that name may still come.
  struct Refusal {
    int error_number = 0;
    std::string text;
    bool waiting = false;
  };
  // One RTM_NEWROUTE or RTM_DELROUTE. On a refusal the batch is as before.
  std::optional<Refusal> add(const RouteOp& operation, const LinkTable& links);
  void ask_for_acknowledgement();  // of the last message

  std::size_t count() const { return count_; }
  const std::vector<std::uint8_t>& bytes() const { return bytes_; }
  bool is_full() const { return bytes_.size() >= kMaxBytes; }
  std::uint32_t first_sequence() const { return first_sequence_; }

 private:
  std::vector<std::uint8_t> bytes_;
  std::size_t last_at_ = 0;
  std::size_t count_ = 0;
  std::uint32_t first_sequence_;
};

}  // namespace ondol::routes
