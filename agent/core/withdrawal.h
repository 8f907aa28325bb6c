// Removes everything of ours from this host, because somebody here asked for it.
#pragma once

#include <vector>

#include "agent/core/event_log.h"
#include "agent/core/events.h"
#include "agent/core/route_book.h"

namespace ondol::agent {

// Order: the confirmed generation is forgotten first, so that a crash in between leaves nothing that puts routes back.
class Withdrawal {
 public:
  explicit Withdrawal(RouteBook& book) : book_(book) {}

  void begin(std::uint64_t request, std::string who, Turn& turn);
  void on_persisted(const Persisted& persisted, Turn& turn);
  void on_read(const RoutesRead& read, Turn& turn);
  void on_applied(const RoutesApplied& applied, Turn& turn);
  bool busy() const { return stage_ != Stage::kIdle; }

 private:
  enum class Stage : std::uint8_t { kIdle, kForget, kRead, kApply, kLedger };
  void finish(bool accepted, std::string text, Turn& turn);

  RouteBook& book_;
  Stage stage_ = Stage::kIdle;
  std::uint64_t request_ = 0;
  std::string who_;
  std::vector<routes::RouteOp> operations_;
  std::size_t removed_ = 0;
};

}  // namespace ondol::agent
