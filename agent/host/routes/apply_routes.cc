#include "agent/host/routes/apply_routes.h"

#include <fmt/format.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "agent/host/routes/encode_rtnetlink.h"
#include "agent/host/routes/key_holders.h"
#include "agent/host/routes/read_links.h"

namespace ondol::routes {
namespace {

bool link_or_address_is_missing(int error_number) {
  return error_number == ENETUNREACH || error_number == EHOSTUNREACH || error_number == ENODEV ||
         error_number == ENETDOWN;
}

// Somebody was there first, or what should be replaced or removed is gone.
bool is_conflict(OpKind kind, int error_number) {
  switch (kind) {
    case OpKind::kAdd:
      return error_number == EEXIST;
    case OpKind::kReplace:
      return error_number == ENOENT || error_number == EEXIST;
    case OpKind::kRemove:
      return error_number == ESRCH;
    case OpKind::kAppend:
      return error_number == EEXIST;
  }
  return false;
}

constexpr int kMaxHolderReads = 5;

// Who holds the replaced keys of one family. Empty text = read.
std::string read_holders(RequestSocket& requests, Family family, KeyHolders& holders) {
  const std::uint8_t number = family == Family::kIpv4 ? AF_INET : AF_INET6;
  const auto visit = [&](const Message& message) {
    if (!message.body.empty() && message.body.front() == number) holders.take(message);
  };
  for (int i = 0; i < kMaxHolderReads; ++i) {
    holders.forget(family);
    const auto is_whole = requests.dump(RTM_GETROUTE, number, visit);
    if (!is_whole) return is_whole.error().message;
    if (*is_whole) return {};
  }
  return "routes changed during each of five reads";
}

class Applier {
 public:
  Applier(RequestSocket& requests, const LinkTable& links, const NexthopTable& nexthops,
          const std::vector<RouteOp>& operations)
      : requests_(requests), links_(links), nexthops_(nexthops), operations_(operations) {
    report_.done.resize(operations.size());
    objected_.resize(operations.size());
  }

  ApplyReport run() {
    object_to_inexact();
    for (std::size_t next = 0; next < operations_.size();) next = send_batch_from(next);
    name_holders();
    std::ranges::sort(report_.failures, {}, &OpFailure::index);
    return std::move(report_);
  }

 private:
  // One dump per family serves all replaces and deletes: who else holds their keys is in no snapshot.
  void object_to_inexact() {
    std::vector<std::size_t> asked;
    for (std::size_t i = 0; i < operations_.size(); ++i) {
      const OpKind kind = operations_[i].kind;
      if (kind == OpKind::kReplace || kind == OpKind::kRemove) asked.push_back(i);
    }
    KeyHolders holders(chosen(asked), links_, nexthops_);
    for (const Family family : {Family::kIpv4, Family::kIpv6}) {
      if (!holders.asks_about(family)) continue;
      const std::string unread = read_holders(requests_, family, holders);
      for (const std::size_t i : asked) {
        if (operations_[i].route.key.destination.address.family == family) judge(i, holders, unread);
      }
    }
  }

  void judge(std::size_t i, const KeyHolders& holders, const std::string& unread) {
    const bool removes = operations_[i].kind == OpKind::kRemove;
    if (!unread.empty()) return object(i, {i, EAGAIN, "the key's holders cannot be read: " + unread, false, false});
    const auto objection = removes ? holders.objection_to_removal(operations_[i]) : holders.objection(operations_[i]);
    if (objection) object(i, {i, removes ? ESRCH : EEXIST, *objection, false, true});
  }

  std::vector<RouteOp> chosen(const std::vector<std::size_t>& indices) const {
    std::vector<RouteOp> some;
    for (const std::size_t i : indices) some.push_back(operations_[i]);
    return some;
  }

  // "File exists" says nothing to a person: it is a route that no snapshot shows, or one that just came.
  void name_holders() {
    std::vector<std::size_t> taken;
    std::vector<bool> is_taken(operations_.size());
    for (const OpFailure& failure : report_.failures) {
      const bool is_add = operations_[failure.index].kind == OpKind::kAdd;
      if (!is_add || failure.error_number != EEXIST) continue;
      taken.push_back(failure.index);
      is_taken[failure.index] = true;
    }
    if (taken.empty()) return;
    KeyHolders holders(chosen(taken), links_, nexthops_);
    for (const Family family : {Family::kIpv4, Family::kIpv6}) {
      if (holders.asks_about(family) && !read_holders(requests_, family, holders).empty()) return;
    }
    for (OpFailure& failure : report_.failures) {
      const RouteKey& key = operations_[failure.index].route.key;
      const auto protocol = is_taken[failure.index] ? holders.protocol_of_holder(key) : std::nullopt;
      if (protocol) failure.text = fmt::format("{} is held by a {} route", render(key.destination), protocol_name(*protocol));
    }
  }

  void object(std::size_t index, OpFailure failure) {
    objected_[index] = true;
    add_failure(std::move(failure));
  }

  // Gives the first operation after the batch.
  std::size_t send_batch_from(std::size_t next) {
    RouteBatch batch(requests_.take_sequences(requests_.max_batch_messages()));
    members_.clear();
    for (; next < operations_.size() && !batch.is_full() && batch.count() < requests_.max_batch_messages();
         ++next) {
      if (objected_[next]) continue;
      if (const auto refusal = batch.add(operations_[next], links_)) {
        refuse(next, *refusal);
        continue;
      }
      members_.push_back(next);
    }
    if (batch.count() == 0) return next;
    batch.ask_for_acknowledgement();
    const auto failures = requests_.send_batch(batch.bytes(), batch.first_sequence(), batch.count());
    if (!failures) {
      for (const std::size_t index : members_)
        add_failure({index, EIO, failures.error().message, false, false});
      return next;
    }
    for (const std::size_t index : members_) report_.done[index] = true;
    for (const BatchFailure& failure : *failures) fail_operation(members_[failure.index], failure.answer);
    return next;
  }

  void refuse(std::size_t index, const RouteBatch::Refusal& refusal) {
    // A route over an interface that does not exist is not there to be removed.
    const bool is_gone = refusal.waiting && operations_[index].kind == OpKind::kRemove;
    add_failure(
        {index, is_gone ? ESRCH : refusal.error_number, refusal.text, refusal.waiting && !is_gone, is_gone});
  }

  void fail_operation(std::size_t index, const Answer& answer) {
    const RouteOp& operation = operations_[index];
    OpFailure failure{index, answer.error_number, answer.text, false, false};
    if (failure.text.empty()) failure.text = std::strerror(answer.error_number);
    failure.conflict = is_conflict(operation.kind, answer.error_number);
    failure.waiting = operation.kind != OpKind::kRemove && link_or_address_is_missing(answer.error_number);
    const auto& source = operation.route.value.preferred_source;
    if (answer.error_number == EINVAL && source && operation.kind != OpKind::kRemove &&
        !has_address(*source)) {
      failure.waiting = true;
      failure.text = fmt::format("{} is not an address of this host", render(*source));
    }
    add_failure(std::move(failure));
  }

  void add_failure(OpFailure failure) {
    report_.done[failure.index] = false;
    report_.failures.push_back(std::move(failure));
  }

  // The kernel says EINVAL both for a preferred source that is not here yet and for nonsense.
  bool has_address(const IpAddress& address) {
    if (!addresses_) {
      addresses_.emplace();
      const auto links = read_links(requests_);
      if (!links) return true;
      for (const Link& link : *links) {
        for (const IpPrefix& own : link.addresses) addresses_->push_back(own.address);
      }
    }
    return std::ranges::find(*addresses_, address) != addresses_->end();
  }

  RequestSocket& requests_;
  const LinkTable& links_;
  const NexthopTable& nexthops_;
  const std::vector<RouteOp>& operations_;
  std::vector<bool> objected_;        // not sent: another route would be hit
  std::vector<std::size_t> members_;  // of the current batch: index into operations_
  std::optional<std::vector<IpAddress>> addresses_;
  ApplyReport report_;
};

}  // namespace

ApplyReport apply_routes(RequestSocket& requests, const LinkTable& links, const NexthopTable& nexthops,
                         const std::vector<RouteOp>& operations) {
  const auto start = std::chrono::steady_clock::now();
  ApplyReport report = Applier(requests, links, nexthops, operations).run();
  report.duration = std::chrono::steady_clock::now() - start;
  return report;
}

}  // namespace ondol::routes
