// Questions about intent, now and as of any commit: what was committed, why a host has a value, what two
// revisions differ in.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "collector/runtime/config_plan.h"
#include "common/intent/explain.h"
#include "common/intent/line_diff.h"

namespace ondol::collector {

// Neither: the current one.
struct RevisionRef {
  // "current", "previous" (the newest that differs from the current one), or at least 4 digits that fit one
  std::string id;
  std::optional<WallTime> at;  // what was current then
};

// A statement with the commit that wrote its lines; empty = older than what was looked at.
struct AttributedStatement {
  intent::Statement statement;
  std::optional<store::CommitRow> since;
  std::string written;  // the line, when it has variables
};
struct AttributedValue {
  std::string name, value;
  bool in_effect = false, is_default = false;
  std::optional<AttributedStatement> said;
  std::vector<AttributedStatement> replaced, elsewhere;
};
struct ConfigExplanation {
  store::CommitRow commit;
  store::HostRecord record;               // as it is now: older ones are not kept
  std::vector<std::string> layers;        // that apply, low to high
  std::vector<intent::Finding> findings;  // with errors: no values
  std::vector<AttributedValue> values;
  std::vector<std::string> near;
};

enum class FileChange { kAdded = 1, kRemoved = 2, kChanged = 3 };
struct FileDifference {
  std::string path;
  FileChange change = FileChange::kChanged;
  intent::LineDiff diff;
};
struct ConfigDifference {
  store::CommitRow from, to;
  std::vector<FileDifference> files;      // by path
  std::vector<intent::Finding> findings;  // errors of either with the record of now: no groups
  std::vector<intent::ChangeGroup> groups;
  std::uint32_t hosts_changed = 0, hosts_total = 0;
};

// Thread: any; every call reads the store afresh and may block for a resolve of the whole fleet.
// Errors: kNotFound for a revision or host that is not there; kInvalidInput for one that several fit.
// Limits: 100,000 commits, 200 of them looked at for who wrote a line; 1 MiB of text in one difference.
class IntentAnswers {
 public:
  explicit IntentAnswers(store::Store& store) : store_(store) {}

  Result<std::vector<store::CommitRow>> find_history(std::size_t limit) { return store_.read_commits(limit); }
  Result<store::CommitRow> find_commit(const RevisionRef& ref);
  Result<RollbackTarget> find_target(const RevisionRef& ref);
  Result<ConfigExplanation> explain(const HostId& host, std::string_view key, const RevisionRef& ref);
  Result<ConfigDifference> diff(const RevisionRef& from, const RevisionRef& to);

 private:
  Result<store::RevisionRow> read_revision(const store::CommitRow& commit);

  store::Store& store_;
};

}  // namespace ondol::collector
