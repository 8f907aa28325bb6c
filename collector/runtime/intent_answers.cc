#include "collector/runtime/intent_answers.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/base/author.h"

namespace ondol::collector {
namespace {

constexpr std::size_t kMostCommits = 100'000;
constexpr std::size_t kMostBlamed = 200;  // commits
constexpr std::size_t kMostDiffBytes = 1 << 20;
constexpr std::size_t kFewestDigits = 4;

using Commits = std::vector<store::CommitRow>;  // newest first

tl::unexpected<Error> no_revision(const std::string& what) {
  return fail(Errc::kNotFound, what, "", "see `ondolctl config history`");
}

Result<std::size_t> index_at(const Commits& commits, WallTime at) {
  const auto found =
      std::find_if(commits.begin(), commits.end(), [at](const auto& c) { return c.committed <= at; });
  if (found != commits.end()) return static_cast<std::size_t>(found - commits.begin());
  return no_revision(fmt::format("no revision was current at {}; the first is of {}", render(at),
                                 render(commits.back().committed)));
}

Result<std::size_t> index_by_id(const Commits& commits, const std::string& id) {
  const bool is_hex = id.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (id.size() < kFewestDigits || !is_hex) {
    return fail(Errc::kInvalidInput, "'" + escaped(id.substr(0, 80)) + "' is not a revision", "",
                "write current, previous, at least 4 of its hexadecimal digits, or --at TIME");
  }
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < commits.size(); ++i) {
    if (!commits[i].id.value.starts_with(id)) continue;
    if (found && commits[*found].id != commits[i].id) {
      return fail(Errc::kInvalidInput, "several revisions begin with " + id, "", "write more digits");
    }
    if (!found) found = i;
  }
  if (!found) return no_revision("no revision begins with " + id);
  return *found;
}

Result<std::size_t> index_of(const Commits& commits, const RevisionRef& ref) {
  if (commits.empty())
    return fail(Errc::kNotFound, "no revision was ever committed", "", "see `ondolctl config apply --help`");
  if (ref.at) return index_at(commits, *ref.at);
  if (ref.id.empty() || ref.id == "current") return std::size_t{0};
  if (ref.id != "previous") return index_by_id(commits, ref.id);
  const auto other = std::find_if(commits.begin(), commits.end(),
                                  [&](const auto& commit) { return commit.id != commits.front().id; });
  if (other == commits.end()) return no_revision("there is no other revision before the current one");
  return static_cast<std::size_t>(other - commits.begin());
}

// Who wrote the lines of one file, as of one commit.
class FileHistory {
 public:
  FileHistory(store::Store& store, const Commits& commits, std::size_t first, const std::string& path,
              const std::string& content)
      : blame_(content), first_(first) {
    const auto root = yaml::parse(content, path, yaml::Limits{});
    if (root) root_ = *root;
    std::string older = content;
    const std::size_t last = std::min(commits.size(), first + kMostBlamed);
    is_whole_ = last == commits.size();
    for (std::size_t i = first + 1; i < last && !blame_.is_settled(); ++i) {
      if (commits[i].id != commits[i - 1].id) {
        const auto file = store.read_layer_file(commits[i].id, path);
        older = file && *file ? (*file)->content : "";
      }
      blame_.add_older(older);
      newest_unknown_ = i - first;
    }
  }

  // The index of the commit, or nothing when it is older than what was looked at.
  std::optional<std::size_t> commit_of(const yaml::Place& place) const {
    const std::size_t version = blame_.version_of(place.line, intent::last_line_of(root_, place));
    if (!is_whole_ && !blame_.is_settled() && version == newest_unknown_) return std::nullopt;
    return first_ + version;
  }
  std::string written(const yaml::Place& place) const {
    const std::string_view line = blame_.line(place.line);
    const auto start = line.find_first_not_of(' ');
    return line.find("{{") == std::string_view::npos ? "" : std::string(line.substr(start));
  }

 private:
  intent::LineBlame blame_;
  yaml::Node root_;
  std::size_t first_;
  std::size_t newest_unknown_ = 0;
  bool is_whole_ = false;
};

class Attribution {
 public:
  Attribution(store::Store& store, const Commits& commits, std::size_t first,
              const store::RevisionRow& revision)
      : store_(store), commits_(commits), first_(first) {
    for (const store::LayerFile& file : revision.files) contents_[file.path] = &file.content;
  }

  AttributedStatement attribute(intent::Statement statement) {
    AttributedStatement told{std::move(statement), std::nullopt, ""};
    const FileHistory* history = find(told.statement.place.file);
    if (history == nullptr) return told;
    if (const auto commit = history->commit_of(told.statement.place)) told.since = commits_[*commit];
    told.written = history->written(told.statement.place);
    return told;
  }
  std::vector<AttributedStatement> attribute_all(std::vector<intent::Statement> statements) {
    std::vector<AttributedStatement> told;
    for (intent::Statement& statement : statements) told.push_back(attribute(std::move(statement)));
    return told;
  }

 private:
  const FileHistory* find(const std::string& path) {
    const auto content = contents_.find(path);
    if (content == contents_.end()) return nullptr;
    auto& history = histories_[path];
    if (!history) history = std::make_unique<FileHistory>(store_, commits_, first_, path, *content->second);
    return history.get();
  }

  store::Store& store_;
  const Commits& commits_;
  std::size_t first_;
  std::map<std::string, const std::string*> contents_;
  std::map<std::string, std::unique_ptr<FileHistory>> histories_;
};

std::vector<FileDifference> diff_files(const store::RevisionRow& from, const store::RevisionRow& to) {
  std::map<std::string, std::pair<const std::string*, const std::string*>> paths;
  for (const auto& file : from.files) paths[file.path].first = &file.content;
  for (const auto& file : to.files) paths[file.path].second = &file.content;
  std::vector<FileDifference> differences;
  std::size_t left = kMostDiffBytes;
  for (const auto& [path, contents] : paths) {
    const auto& [before, after] = contents;
    if (before != nullptr && after != nullptr && *before == *after) continue;
    const FileChange change = before == nullptr  ? FileChange::kAdded
                              : after == nullptr ? FileChange::kRemoved
                                                 : FileChange::kChanged;
    auto diff = intent::diff_lines(before == nullptr ? "" : *before, after == nullptr ? "" : *after, left);
    left -= diff.text.size();
    differences.push_back({path, change, std::move(diff)});
  }
  return differences;
}

// Hosts whose layers are the same files on both sides are not resolved at all.
class FleetDiff {
 public:
  FleetDiff(const store::RevisionRow& from, const store::RevisionRow& to, ConfigDifference& difference)
      : difference_(difference), from_(intent::Layers::parse(texts_of(from), findings_)) {
    std::map<std::string, const std::string*> before;
    for (const auto& file : from.files) before.emplace(file.path, &file.content);
    std::set<std::string> unchanged;
    for (const auto& file : to.files) {
      const auto old = before.find(file.path);
      if (old != before.end() && *old->second == file.content) unchanged.insert(file.path);
    }
    to_.emplace(intent::Layers::parse(texts_of(to), findings_, from_, unchanged));
    findings_.clear();  // those of files without hosts: they were told when the revision was committed
  }

  void run(const std::vector<store::HostRecord>& records) {
    difference_.hosts_total = static_cast<std::uint32_t>(records.size());
    std::vector<const store::HostRecord*> ordered;
    for (const auto& record : records) ordered.push_back(&record);
    const auto key = [](const store::HostRecord& r) {
      return std::tie(r.cluster, r.phase, r.app_type, r.app_group, r.app, r.name);
    };
    std::sort(ordered.begin(), ordered.end(),
              [&](const auto* a, const auto* b) { return key(*a) < key(*b); });
    for (const auto* record : ordered) add(facts_of(*record));
    std::erase_if(findings_,
                  [](const auto& finding) { return finding.severity != intent::Severity::kError; });
    difference_.findings = intent::merged(std::move(findings_));
    difference_.groups = groups_.take();
  }

 private:
  void add(const intent::HostFacts& facts) {
    if (from_.stack(facts) == to_->stack(facts)) return;
    const auto before = from_.resolve(facts, findings_);
    const auto after = to_->resolve(facts, findings_);
    if (!before || !after) return;
    if (before != before_ || after != after_) {
      change_ =
          std::make_shared<const intent::IntentChange>(intent::diff_states(before->state, after->state));
    }
    before_ = before;
    after_ = after;
    if (change_->empty()) return;
    ++difference_.hosts_changed;
    groups_.add(facts.name, change_, {});
  }

  ConfigDifference& difference_;
  std::vector<intent::Finding> findings_;
  intent::Layers from_;
  std::optional<intent::Layers> to_;
  intent::ChangeGroups groups_;
  std::shared_ptr<const intent::ResolvedHost> before_, after_;
  std::shared_ptr<const intent::IntentChange> change_;
};

}  // namespace

Result<store::RevisionRow> IntentAnswers::read_revision(const store::CommitRow& commit) {
  auto revision = store_.read_revision(commit.id);
  if (!revision) return fail(revision.error());
  if (!*revision)
    return fail(Errc::kCorrupt, "the layers of revision " + commit.id.value + " are not stored");
  return **std::move(revision);
}

Result<store::CommitRow> IntentAnswers::find_commit(const RevisionRef& ref) {
  const auto commits = store_.read_commits(kMostCommits);
  if (!commits) return fail(commits.error());
  const auto index = index_of(*commits, ref);
  if (!index) return fail(index.error());
  return (*commits)[*index];
}

Result<RollbackTarget> IntentAnswers::find_target(const RevisionRef& ref) {
  const auto commits = store_.read_commits(kMostCommits);
  if (!commits) return fail(commits.error());
  const auto index = index_of(*commits, ref);
  if (!index) return fail(index.error());
  return RollbackTarget{(*commits)[*index].id, commits->front().number};
}

Result<ConfigExplanation> IntentAnswers::explain(const HostId& host, std::string_view key,
                                                 const RevisionRef& ref) {
  const auto commits = store_.read_commits(kMostCommits);
  if (!commits) return fail(commits.error());
  const auto index = index_of(*commits, ref);
  if (!index) return fail(index.error());
  const auto revision = read_revision((*commits)[*index]);
  if (!revision) return fail(revision.error());
  const auto records = store_.read_records();
  if (!records) return fail(records.error());
  const auto record =
      std::find_if(records->begin(), records->end(), [&](const auto& r) { return r.name == host; });
  if (record == records->end())
    return fail(Errc::kNotFound, "no host " + escaped(host.value), "", "see `ondolctl host list`");

  ConfigExplanation told{(*commits)[*index], *record, {}, {}, {}, {}};
  std::vector<intent::Finding> of_files;
  const intent::Layers layers = intent::Layers::parse(texts_of(*revision), of_files);
  const intent::HostFacts facts = facts_of(*record);
  for (const intent::Layer* layer : layers.stack(facts)) told.layers.push_back(layer->path);
  if (!layers.resolve(facts, told.findings)) return told;
  Attribution attribution(store_, *commits, *index, *revision);
  auto explanation = intent::explain(layers, facts, key);
  told.near = std::move(explanation.near);
  for (intent::ExplainedValue& value : explanation.values) {
    AttributedValue& out = told.values.emplace_back();
    out.name = std::move(value.name);
    out.value = std::move(value.value);
    out.in_effect = value.in_effect;
    out.is_default = value.is_default;
    if (value.said) out.said = attribution.attribute(*std::move(value.said));
    out.replaced = attribution.attribute_all(std::move(value.replaced));
    out.elsewhere = attribution.attribute_all(std::move(value.elsewhere));
  }
  return told;
}

Result<ConfigDifference> IntentAnswers::diff(const RevisionRef& from, const RevisionRef& to) {
  const auto old_commit = find_commit(from);
  if (!old_commit) return fail(old_commit.error());
  const auto new_commit = find_commit(to);
  if (!new_commit) return fail(new_commit.error());
  const auto old_revision = read_revision(*old_commit);
  if (!old_revision) return fail(old_revision.error());
  const auto new_revision = read_revision(*new_commit);
  if (!new_revision) return fail(new_revision.error());
  const auto records = store_.read_records();
  if (!records) return fail(records.error());
  ConfigDifference difference;
  difference.from = *old_commit;
  difference.to = *new_commit;
  difference.files = diff_files(*old_revision, *new_revision);
  FleetDiff(*old_revision, *new_revision, difference).run(*records);
  return difference;
}

}  // namespace ondol::collector
