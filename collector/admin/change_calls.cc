// AdminService: what changes something, each with its caller's name in the audit. See admin_service.h.
#include "collector/admin/admin_service.h"
#include "collector/admin/statuses.h"

namespace ondol::collector {
namespace {

constexpr std::size_t kMostFindings = 1'000;
constexpr std::size_t kMostHostsShown = 20;
constexpr std::size_t kMostMessageBytes = 1'000;

Result<ConfigChange> change_of(const v1::ConfigRequest& request) {
  if (request.message().size() > kMostMessageBytes) {
    return fail(Errc::kInvalidInput, "the message is longer than 1,000 bytes", "", "say it shorter");
  }
  if (request.files_size() == 0) {
    return fail(Errc::kInvalidInput, "no layer file was given", "",
                "name the directory that holds layers/; to withdraw everything, write empty layers");
  }
  ConfigChange change{{}, request.message(), request.allow_mass_delete()};
  std::set<std::string> paths;
  for (const v1::LayerFile& file : request.files()) {
    if (!paths.insert(file.path()).second) return fail(Errc::kInvalidInput, "given twice", escaped(file.path()));
    change.files.push_back({file.path(), file.content()});
  }
  return change;
}

v1::Finding to_wire(const intent::Finding& finding) {
  v1::Finding out;
  out.set_severity(finding.severity == intent::Severity::kError ? v1::Finding::SEVERITY_ERROR
                                                                : v1::Finding::SEVERITY_WARNING);
  if (!finding.place.file.empty()) out.set_place(yaml::render(finding.place));
  out.set_message(finding.message);
  out.set_remedy(finding.remedy);
  out.set_host_count(static_cast<std::uint32_t>(finding.hosts.size()));
  for (std::size_t i = 0; i < std::min(finding.hosts.size(), kMostHostsShown); ++i) out.add_hosts(finding.hosts[i].value);
  return out;
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
