#include "agent/preflight/scratch/candidate.h"

#include <numeric>

#include "agent/host/routes/read_links.h"

namespace ondol::preflight {

Candidate::Candidate(routes::RequestSocket& socket, const std::vector<routes::RouteOp>& operations)
    : socket_(&socket), operations_(&operations), order_(operations.size()), done_(operations.size()) {
  std::iota(order_.begin(), order_.end(), 0U);
}

Result<Candidate> Candidate::open(routes::RequestSocket& socket, const std::vector<routes::RouteOp>& operations) {
  Candidate made(socket, operations);
  auto links = routes::read_link_table(socket);
  if (!links) return fail(links.error());
  made.links_ = std::move(*links);
  auto nexthops = routes::read_nexthop_table(socket, made.links_);
  if (!nexthops) return fail(nexthops.error());
  made.nexthops_ = std::move(*nexthops);
  return made;
}

std::vector<routes::OpFailure> Candidate::move_to(std::size_t position) {
  if (position >= position_) return apply_up_to(position);
  undo_down_to(position);
  return {};
}

std::vector<routes::OpFailure> Candidate::apply_up_to(std::size_t position) {
  std::vector<routes::RouteOp> piece;
  for (std::size_t i = position_; i < position; ++i) piece.push_back((*operations_)[order_[i]]);
  if (piece.empty()) return {};
  routes::ApplyReport report = routes::apply_routes(*socket_, links_, nexthops_, piece);
  for (std::size_t i = 0; i < piece.size(); ++i) done_[position_ + i] = report.done[i];
  for (routes::OpFailure& failure : report.failures) failure.index = order_[position_ + failure.index];
  position_ = position;
  return std::move(report.failures);
}

// What cannot be undone is no fault of an operation's: from then on no one of them can be blamed.
void Candidate::undo_down_to(std::size_t position) {
  std::vector<routes::RouteOp> done;
  for (std::size_t i = position; i < position_; ++i) {
    if (done_[i]) done.push_back((*operations_)[order_[i]]);
  }
  position_ = position;
  if (done.empty()) return;
  const auto report = routes::apply_routes(*socket_, links_, nexthops_, routes::inverse(done));
  if (!report.failures.empty()) is_undoable_ = false;
}

void Candidate::leave_out(std::size_t position) {
  undo_down_to(0);
  order_.erase(order_.begin() + static_cast<std::ptrdiff_t>(position));
  done_.assign(order_.size(), false);
}

}  // namespace ondol::preflight
