// AdminService: what changes something, each with its caller's name in the audit. See admin_service.h.
#include "collector/admin/admin_service.h"
#include "collector/admin/plan_wire.h"
#include "collector/admin/statuses.h"

namespace ondol::collector {
namespace {

constexpr std::size_t kMostFindings = 1'000;
constexpr std::size_t kMostMessageBytes = 1'000;

tl::unexpected<Error> too_long() {
  return fail(Errc::kInvalidInput, "the message is longer than 1,000 bytes", "", "say it shorter");
}

Result<ConfigChange> change_of(const v1::ConfigRequest& request) {
  if (request.message().size() > kMostMessageBytes) return too_long();
  if (request.files_size() == 0) {
    return fail(Errc::kInvalidInput, "no layer file was given", "",
                "name the directory that holds layers/; to withdraw everything, write empty layers");
  }
  ConfigChange change{{}, request.message(), request.allow_mass_delete(), request.with_plan(), request.bound_to()};
  std::set<std::string> paths;
  for (const v1::LayerFile& file : request.files()) {
    if (!paths.insert(file.path()).second) return fail(Errc::kInvalidInput, "given twice", escaped(file.path()));
    change.files.push_back({file.path(), file.content()});
  }
  return change;
}

void fill(const ConfigVerdict& verdict, v1::ConfigReply& reply) {
  for (const intent::Finding& finding : verdict.findings) {
    if (reply.findings_size() == static_cast<int>(kMostFindings)) break;
    *reply.add_findings() = to_wire(finding);
  }
  reply.set_revision(verdict.revision.value);
  reply.set_hosts_changed(verdict.hosts_changed);
  reply.set_hosts_total(verdict.hosts_total);
  reply.set_unchanged(verdict.unchanged);
  if (verdict.plan) *reply.mutable_plan() = to_wire(*verdict.plan);
}

v1::CellError to_wire(const cmdb::CellNote& note) {
  v1::CellError out;
  out.set_line(note.line);
  out.set_column(note.column);
  out.set_message(note.message);
  return out;
}

}  // namespace

grpc::Status AdminService::CheckConfig(Context*, const v1::ConfigRequest* request, v1::ConfigReply* reply) {
  const auto change = change_of(*request);
  if (!change) return status_of(change.error());
  const auto verdict = parts_.desk.check_config(*change);
  if (!verdict) return status_of(verdict.error());
  fill(*verdict, *reply);
  return grpc::Status::OK;
}

grpc::Status AdminService::ApplyConfig(Context* context, const v1::ConfigRequest* request, v1::ConfigReply* reply) {
  const auto actor = actor_of(*context);
  if (!actor) return status_of(actor.error());
  const auto change = change_of(*request);
  if (!change) return status_of(change.error());
  const auto verdict = parts_.desk.apply_config(*change, *actor);
  if (!verdict) return status_of(verdict.error());
  fill(*verdict, *reply);
  return grpc::Status::OK;
}

grpc::Status AdminService::PlanConfig(Context*, const v1::ConfigRequest* request, v1::ConfigReply* reply) {
  auto change = change_of(*request);
  if (!change) return status_of(change.error());
  change->with_plan = true;
  const auto verdict = parts_.desk.check_config(*change);
  if (!verdict) return status_of(verdict.error());
  fill(*verdict, *reply);
  return grpc::Status::OK;
}

grpc::Status AdminService::RollbackConfig(Context* context, const v1::RollbackConfigRequest* request,
                                          v1::ConfigReply* reply) {
  const auto actor = actor_of(*context);
  if (!actor) return status_of(actor.error());
  if (request->message().size() > kMostMessageBytes) return status_of(too_long().value());
  const auto to = find_target(request->to());
  if (!to) return status_of(to.error());
  // The way back must not depend on what hosts reported: their effects are read only when they are asked for.
  const bool tell = request->dry_run() || request->with_plan();
  const ConfigChange change{{}, request->message(), request->allow_mass_delete(), tell, request->bound_to()};
  const auto verdict =
      request->dry_run() ? parts_.desk.check_rollback(*to, change) : parts_.desk.rollback_config(*to, change, *actor);
  if (!verdict) return status_of(verdict.error());
  fill(*verdict, *reply);
  return grpc::Status::OK;
}

grpc::Status AdminService::ImportCmdb(Context* context, const v1::ImportCmdbRequest* request,
                                      v1::ImportCmdbReply* reply) {
  const auto actor = actor_of(*context);
  if (!actor) return status_of(actor.error());
  const auto verdict = parts_.desk.import_cmdb(request->csv(), request->dry_run(), *actor);
  if (!verdict) return status_of(verdict.error());
  for (const cmdb::CellNote& note : verdict->errors) *reply->add_errors() = to_wire(note);
  for (const cmdb::CellNote& note : verdict->warnings) *reply->add_warnings() = to_wire(note);
  reply->set_added(verdict->added);
  reply->set_changed(verdict->changed);
  reply->set_unchanged(verdict->unchanged);
  return grpc::Status::OK;
}

grpc::Status AdminService::CreateToken(Context* context, const v1::CreateTokenRequest* request,
                                       v1::CreateTokenReply* reply) {
  const auto actor = actor_of(*context);
  if (!actor) return status_of(actor.error());
  const auto grant = parts_.desk.create_token(HostId{request->host()}, *actor);
  if (!grant) return status_of(grant.error());
  reply->set_token(grant->token);
  reply->set_expires_unix_ns(unix_ns(grant->expires));
  return grpc::Status::OK;
}

grpc::Status AdminService::RevokeHost(Context* context, const v1::RevokeHostRequest* request,
                                      v1::RevokeHostReply* reply) {
  const auto actor = actor_of(*context);
  if (!actor) return status_of(actor.error());
  const auto revoked = parts_.desk.revoke_host(HostId{request->host()}, *actor);
  if (!revoked) return status_of(revoked.error());
  reply->set_certificates(*revoked);
  return grpc::Status::OK;
}

}  // namespace ondol::collector
