// What is known, owned and wanted of this host's routes, and the state of each wanted one.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "agent/core/apply_guard.h"
#include "agent/core/effects.h"
#include "agent/core/route_table.h"

namespace ondol::agent {

// Thread: one. Facts and judgements only: it never asks the world for anything.
class RouteBook {
 public:
  explicit RouteBook(std::string boot_id);

  // ---- what is wanted ----
  const std::optional<DesiredState>& confirmed() const { return confirmed_; }
  void confirm(std::optional<DesiredState> state);
  bool enforces() const;  // a confirmed generation manages routes and may write
  const routes::Route* wanted(const routes::RouteKey& key) const;
  bool is_hidden(const routes::ObservedRoute& foreign) const;  // intent says not to look at it
  std::vector<std::uint32_t> tables(const DesiredState* candidate) const;
  std::vector<routes::RouteKey> keys(const DesiredState* candidate) const;  // of these intents and of what is ours
  ReadRoutes read(ReadPurpose purpose, const DesiredState* candidate) const {
    return {purpose, tables(candidate), keys(candidate)};
  }
  // While a change of intent is on trial, nothing that it touched is judged by what was confirmed before it.
  void begin_trial(DesiredState candidate, std::set<routes::RouteKey> touched);
  void end_trial();
  bool is_tried(const routes::RouteKey& key) const { return tried_keys_.contains(key); }

  // ---- what is known ----
  RouteTable& table() { return table_; }
  const RouteTable& table() const { return table_; }
  bool has_read() const { return has_read_; }
  Merged absorb(const routes::RouteSnapshot& snapshot);  // the first read is no change
  std::vector<LinkFacts> links;
  GuardRules guard;
  std::vector<IpPrefix> collector_path;  // the collector's addresses, /32 and /128
  bool guards_collector_path = true;     // false only where a safety test looks what holds without

  // ---- what is ours ----
  const Ledger& ledger() const { return ledger_; }
  void restore_ledger(Ledger ledger);
  // No ledger could be read: what is in the kernel exactly as confirmed intent wants it must have been ours.
  void rebuild_ledger();
  bool claim(const routes::RouteKey& key, const routes::RouteValue& value);  // about to write; false = was there
  void made(const routes::RouteOp& op);     // the kernel acknowledged it: table and ledger follow
  void refresh_ledger();                    // what is there of ours and as wanted is the last known value
  void disown(const routes::RouteKey& key);
  void restore_entry(const routes::RouteKey& key, const Ledger& before);
  void keep_only_wanted();                  // after a generation: ledger entries that intent lacks go
  bool ledger_changed = false;              // since it was last written

  // ---- judgements ----
  // Empty = not wanted. Remembers the state; a waiting object stays waiting while it is missing.
  std::optional<routes::RouteState> assess(const routes::RouteKey& key, WallTime now);
  std::vector<routes::RouteKey> assess_all(WallTime now);  // those that are not in sync
  void note(const routes::RouteKey& key, routes::RouteState state, std::string reason, WallTime now);
  void note_contender(const routes::RouteKey& key, std::optional<Author> contender);
  const std::map<routes::RouteKey, session::RouteObjectState>& not_in_sync() const { return not_in_sync_; }
  std::vector<routes::RouteKey> in_state(routes::RouteState state) const;
  bool has_waiting() const;
  std::string waiting_reason(const routes::Route& route, const std::string& kernel_text) const;

  // Operations that put these keys right and touch nothing else.
  routes::RoutePlan plan_keys(std::span<const routes::RouteKey> keys) const;
  std::vector<Refusal> judge(std::span<const routes::RouteOp> operations) const;
  std::vector<Refusal> judge_reach(std::span<const routes::RouteOp> operations,
                                   std::span<const trial::ReachTarget> targets) const;
  session::RoutesReport report() const;

 private:
  std::vector<routes::ObservedRoute> routes_to(const std::vector<IpPrefix>& targets) const;

  std::string boot_id_;
  std::optional<DesiredState> confirmed_, tried_;
  std::set<routes::RouteKey> tried_keys_;
  RouteTable table_;
  Ledger ledger_;
  std::map<routes::RouteKey, session::RouteObjectState> not_in_sync_;
  bool has_read_ = false;
};

const routes::Route* find_route(const routes::RoutesIntent& intent, const routes::RouteKey& key);

}  // namespace ondol::agent
