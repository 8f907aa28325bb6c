// AdminService: questions about intent, as of now and of any commit. See admin_service.h.
#include <algorithm>

#include "collector/admin/admin_service.h"
#include "collector/admin/plan_wire.h"
#include "collector/admin/statuses.h"

namespace ondol::collector {
namespace {

constexpr std::uint32_t kHistory = 100;
constexpr std::uint32_t kMostHistory = 1'000;
constexpr int kMostGroups = 100;
constexpr int kMostValues = 50'000;
constexpr int kMostFindings = 1'000;

RevisionRef ref_of(const v1::RevisionRef& ref) {
  RevisionRef out{ref.id(), std::nullopt};
  if (ref.at_unix_ns() != 0) out.at = wall_from_unix_ns(ref.at_unix_ns());
  return out;
}

v1::Statement to_wire(const AttributedStatement& told) {
  v1::Statement out;
  out.set_place(yaml::render(told.statement.place));
  out.set_value(told.statement.value);
  out.set_removes(told.statement.removes);
  out.set_reason(told.statement.reason);
  out.set_why_not(told.statement.why_not);
  out.set_written(told.written);
  if (told.since) *out.mutable_since() = collector::to_wire(*told.since, false);
  return out;
}

v1::ExplainedValue to_wire(const AttributedValue& value) {
  v1::ExplainedValue out;
  out.set_name(value.name);
  out.set_value(value.value);
  out.set_in_effect(value.in_effect);
  out.set_is_default(value.is_default);
  if (value.said) *out.mutable_said() = to_wire(*value.said);
  for (const auto& statement : value.replaced) *out.add_replaced() = to_wire(statement);
  for (const auto& statement : value.elsewhere) *out.add_elsewhere() = to_wire(statement);
  return out;
}

v1::FileDiff to_wire(const FileDifference& file) {
  v1::FileDiff out;
  out.set_path(file.path);
  switch (file.change) {
    case FileChange::kAdded:
      out.set_kind(v1::FileDiff::KIND_ADDED);
      break;
    case FileChange::kRemoved:
      out.set_kind(v1::FileDiff::KIND_REMOVED);
      break;
    case FileChange::kChanged:
      out.set_kind(v1::FileDiff::KIND_CHANGED);
      break;
  }
  out.set_text(file.diff.text);
  out.set_truncated(file.diff.truncated);
  return out;
}

template <typename Reply>
void add_findings(const std::vector<intent::Finding>& findings, Reply& reply) {
  for (const intent::Finding& finding : findings) {
    if (reply.findings_size() == kMostFindings) return;
    *reply.add_findings() = collector::to_wire(finding);
  }
}

}  // namespace

grpc::Status AdminService::ListRevisions(Context*, const v1::ListRevisionsRequest* request,
                                         v1::ListRevisionsReply* reply) {
  const std::uint32_t limit = request->limit() == 0 ? kHistory : std::min(request->limit(), kMostHistory);
  const auto commits = parts_.intent.find_history(limit);
  if (!commits) return status_of(commits.error());
  for (const store::CommitRow& commit : *commits) {
    *reply->add_revisions() = to_wire(commit, commit.number == commits->front().number);
  }
  return grpc::Status::OK;
}

grpc::Status AdminService::ExplainConfig(Context*, const v1::ExplainConfigRequest* request,
                                         v1::ExplainConfigReply* reply) {
  const auto told =
      parts_.intent.explain(HostId{request->host()}, request->key(), ref_of(request->revision()));
  if (!told) return status_of(told.error());
  reply->set_host(request->host());
  const auto current = parts_.intent.find_commit({});
  *reply->mutable_revision() = to_wire(told->commit, current && current->number == told->commit.number);
  for (const std::string& layer : told->layers) reply->add_layers(layer);
  for (const std::string& near : told->near) reply->add_near(near);
  for (const AttributedValue& value : told->values) {
    if (reply->values_size() == kMostValues) break;
    *reply->add_values() = to_wire(value);
  }
  add_findings(told->findings, *reply);
  reply->set_record_changed_unix_ns(unix_ns(told->record.changed));
  reply->set_record_changed_by(told->record.changed_by);
  return grpc::Status::OK;
}

grpc::Status AdminService::DiffConfig(Context*, const v1::DiffConfigRequest* request,
                                      v1::DiffConfigReply* reply) {
  const auto difference = parts_.intent.diff(ref_of(request->from()), ref_of(request->to()));
  if (!difference) return status_of(difference.error());
  const auto current = parts_.intent.find_commit({});
  const auto info = [&](const store::CommitRow& commit) {
    return to_wire(commit, current && current->number == commit.number);
  };
  *reply->mutable_from() = info(difference->from);
  *reply->mutable_to() = info(difference->to);
  for (const FileDifference& file : difference->files) *reply->add_files() = to_wire(file);
  for (const intent::ChangeGroup& group : difference->groups) {
    if (reply->groups_size() == kMostGroups) break;
    *reply->add_groups() = to_wire(group);
  }
  reply->set_group_count(static_cast<std::uint32_t>(difference->groups.size()));
  reply->set_hosts_changed(difference->hosts_changed);
  reply->set_hosts_total(difference->hosts_total);
  add_findings(difference->findings, *reply);
  return grpc::Status::OK;
}

Result<RollbackTarget> AdminService::find_target(const v1::RevisionRef& ref) {
  return parts_.intent.find_target(ref_of(ref));
}

}  // namespace ondol::collector
