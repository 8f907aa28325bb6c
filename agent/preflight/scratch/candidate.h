// The candidate's operations in the scratch namespace, applied up to any of them, forth and back.
#pragma once

#include <vector>

#include "agent/host/routes/apply_routes.h"
#include "agent/preflight/question.h"

namespace ondol::preflight {

// Thread: one. Moves cost as many operations as lie between.
class Candidate {
 public:
  static Result<Candidate> open(routes::RequestSocket& socket, const std::vector<routes::RouteOp>& operations);

  std::size_t size() const { return order_.size(); }
  std::size_t operation_at(std::size_t position) const { return order_[position]; }

  // Afterwards the first `position` operations are in force and no other. Gives what the kernel refused of those newly
  // applied, numbered as in the question.
  std::vector<routes::OpFailure> move_to(std::size_t position);
  // False once the kernel refused to take something back: what is in force is not what was asked for.
  bool is_undoable() const { return is_undoable_; }
  void leave_out(std::size_t position);  // of all moves to come; the candidate is unapplied

 private:
  Candidate(routes::RequestSocket& socket, const std::vector<routes::RouteOp>& operations);
  std::vector<routes::OpFailure> apply_up_to(std::size_t position);
  void undo_down_to(std::size_t position);

  routes::RequestSocket* socket_;
  const std::vector<routes::RouteOp>* operations_;
  routes::LinkTable links_;
  routes::NexthopTable nexthops_;
  std::vector<std::size_t> order_;
  std::vector<bool> done_;  // per position
  std::size_t position_ = 0;
  bool is_undoable_ = true;
};

}  // namespace ondol::preflight
