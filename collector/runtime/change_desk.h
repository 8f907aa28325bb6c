// Every act that changes the fleet's record, intent or identities: one at a time, durable with its audit record first.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "collector/cmdb/parse_csv.h"
#include "collector/runtime/collector_runtime.h"
#include "collector/runtime/config_plan.h"
#include "common/loop/guarded.h"

namespace ondol::collector {

struct ConfigChange {
  std::vector<store::LayerFile> files;  // any order
  std::string message;                  // why
  bool allow_mass_delete = false;
  bool with_plan = false;               // the verdict tells what changes, host group by host group
  std::string bound_to{};               // the id of the plan that was looked at; empty = any state will do
};
struct ConfigVerdict {
  std::vector<intent::Finding> findings;
  Revision revision;        // empty = not stored
  std::uint32_t hosts_changed = 0, hosts_total = 0;
  bool unchanged = false;   // the very same revision is current
  std::optional<ConfigPlan> plan{};  // with_plan, and the layers can be resolved
};

struct ImportVerdict {
  std::vector<cmdb::CellNote> errors, warnings;  // any error: nothing was stored
  std::uint32_t added = 0, changed = 0, unchanged = 0;
};

struct TokenGrant {
  std::string token;  // told once, never stored
  WallTime expires{};
};

// Thread: any; a call may block for a resolve of the whole fleet and one commit. Nothing here runs on the shard.
// Errors: kUnavailable "audit not durable: ..." when the store does not take it: then nothing was done.
class ChangeDesk {
 public:
  struct Parts {
    store::Store& store;
    store::BatchedWriter& writer;
    CollectorRuntime& runtime;
    Sha256 ca_hash;  // of the CA certificate: part of every token
  };
  explicit ChangeDesk(const Parts& parts) : parts_(parts) {}

  Result<ConfigVerdict> check_config(const ConfigChange& change);
  Result<ConfigVerdict> apply_config(const ConfigChange& change, const std::string& actor);
  // The layers of an older revision as a new commit, with the checks of an apply. `change.files` is filled in
  // here. kConflict when it is current already, or another commit came after the target was found.
  Result<ConfigVerdict> rollback_config(const RollbackTarget& to, ConfigChange change,
                                        const std::string& actor);
  Result<ConfigVerdict> check_rollback(const RollbackTarget& to, ConfigChange change);  // stores nothing
  Result<ImportVerdict> import_cmdb(std::string_view csv, bool dry_run, const std::string& actor);
  Result<TokenGrant> create_token(const HostId& host, const std::string& actor);
  Result<std::uint32_t> revoke_host(const HostId& host, const std::string& actor);  // certificates revoked

 private:
  struct Known {  // of the store; read when first needed, kept equal by being the only writer
    bool loaded = false;
    std::map<HostId, std::pair<Generation, Sha256>> desired;
    FleetResolver resolver;
  };
  struct Plan {  // what a resolve would write
    std::vector<intent::Finding> findings;
    std::uint32_t changed = 0;
    std::vector<store::DesiredRow> rows;  // only when it is to be stored
    std::vector<DesiredHead> heads;
    std::vector<HostId> mass_deleted;  // also when the revision allows it
    std::optional<ConfigPlan> told;
    bool has_errors = false;
  };
  struct Import;
  enum class Retry { kNo, kUndone };  // whether hosts that refused or undid their generation are given a new one
  struct Wishes {
    Retry retry = Retry::kNo;
    bool store = false;  // rows and heads
    bool tell = false;   // what changes
  };
  struct Act {  // who does it, and how the audit names it
    std::string actor, action, subject_detail;
  };

  Result<void> load(Known& known);
  Result<Plan> plan(Known& known, const store::RevisionRow& revision, const std::vector<store::HostRecord>& records,
                    const Wishes& wishes);
  Result<void> judge_changes(Known& known, const store::RevisionRow& revision, const std::vector<HostIntent>& changed,
                             const Wishes& wishes, Plan& plan);
  static void tell(ConfigPlan told, const store::RevisionRow& revision, Plan& plan);
  void add_row(Known& known, const HostIntent& intent, const store::RevisionRow& revision, Generation received, Plan& plan);
  Result<ConfigVerdict> decide_config(Known& known, const ConfigChange& change, const Act* act);
  Result<void> store_config(Known& known, const store::RevisionRow& revision, const Plan& planned, const Act& act,
                            ConfigVerdict& verdict);
  Result<ConfigVerdict> decide_rollback(Known& known, const RollbackTarget& to, ConfigChange change,
                                        const Act* act);
  Result<ImportVerdict> decide_import(Known& known, std::string_view csv, bool dry_run, const std::string& actor);
  Result<void> sort_records(Import& import, const std::string& actor);
  Result<void> plan_import(Known& known, Import& import);
  Result<void> commit(store::Batch batch);
  void committed(Known& known, const Plan& plan);
  std::set<HostId> undone_hosts();
  std::map<HostId, Generation> received_generations(const std::vector<HostIntent>& changed);

  Parts parts_;
  Guarded<Known> known_;
};

}  // namespace ondol::collector
