#include "tests/integration/cli/fake_admin.h"

#include <algorithm>

namespace ondol::cli {

FakeAdmin::FakeAdmin(const std::string& socket, std::vector<v1::Progress> answers) : progress(std::move(answers)) {
  grpc::ServerBuilder builder;
  builder.SetMaxReceiveMessageSize(64 << 20);
  builder.AddListeningPort("unix:" + socket, grpc::InsecureServerCredentials());
  builder.RegisterService(this);
  server_ = builder.BuildAndStart();
}

FakeAdmin::~FakeAdmin() {
  server_->Shutdown();
  server_->Wait();
}

grpc::Status FakeAdmin::ListHosts(grpc::ServerContext*, const v1::ListHostsRequest* request, v1::ListHostsReply* reply) {
  asked_hosts = *request;
  if (served_pages_ < host_pages.size()) *reply = host_pages[served_pages_++];
  return refusal;
}

grpc::Status FakeAdmin::ListDrift(grpc::ServerContext*, const v1::ListDriftRequest* request, v1::ListDriftReply* reply) {
  asked_drift = *request;
  *reply = served_drift_pages_ < drift_pages.size() ? drift_pages[served_drift_pages_++] : drift;
  return refusal;
}

grpc::Status FakeAdmin::WatchDrift(grpc::ServerContext*, const v1::WatchDriftRequest*,
                                   grpc::ServerWriter<v1::Drift>* writer) {
  for (const v1::Drift& one : drift.drifts()) writer->Write(one);
  return refusal;
}

grpc::Status FakeAdmin::CheckConfig(grpc::ServerContext*, const v1::ConfigRequest* request, v1::ConfigReply* reply) {
  asked_config = *request;
  *reply = config;
  return refusal;
}

grpc::Status FakeAdmin::ApplyConfig(grpc::ServerContext*, const v1::ConfigRequest* request, v1::ConfigReply* reply) {
  asked_config = *request;
  *reply = config;
  return refusal;
}

grpc::Status FakeAdmin::PlanConfig(grpc::ServerContext*, const v1::ConfigRequest* request, v1::ConfigReply* reply) {
  asked_config = *request;
  *reply = config;
  return refusal;
}

grpc::Status FakeAdmin::RollbackConfig(grpc::ServerContext*, const v1::RollbackConfigRequest* request,
                                       v1::ConfigReply* reply) {
  asked_rollback = *request;
  *reply = config;
  return refusal;
}

grpc::Status FakeAdmin::ExplainConfig(grpc::ServerContext*, const v1::ExplainConfigRequest* request,
                                      v1::ExplainConfigReply* reply) {
  asked_explain = *request;
  *reply = explained;
  return refusal;
}

grpc::Status FakeAdmin::DiffConfig(grpc::ServerContext*, const v1::DiffConfigRequest* request, v1::DiffConfigReply* reply) {
  asked_diff = *request;
  *reply = compared;
  return refusal;
}

grpc::Status FakeAdmin::ListRevisions(grpc::ServerContext*, const v1::ListRevisionsRequest*, v1::ListRevisionsReply* reply) {
  *reply = revisions;
  return refusal;
}

grpc::Status FakeAdmin::ImportCmdb(grpc::ServerContext*, const v1::ImportCmdbRequest* request, v1::ImportCmdbReply* reply) {
  asked_import = *request;
  *reply = import;
  return refusal;
}

grpc::Status FakeAdmin::ExportCmdb(grpc::ServerContext*, const v1::ExportCmdbRequest*, v1::ExportCmdbReply* reply) {
  reply->set_csv("name,cluster\nh1,seoul-1\n");
  return refusal;
}

grpc::Status FakeAdmin::CreateToken(grpc::ServerContext*, const v1::CreateTokenRequest*, v1::CreateTokenReply* reply) {
  reply->set_token("ondol1.abc.def");
  reply->set_expires_unix_ns(1'795'169'400'000'000'000);
  return refusal;
}

grpc::Status FakeAdmin::RevokeHost(grpc::ServerContext*, const v1::RevokeHostRequest*, v1::RevokeHostReply* reply) {
  reply->set_certificates(2);
  return refusal;
}

grpc::Status FakeAdmin::GetStatus(grpc::ServerContext*, const v1::GetStatusRequest*, v1::GetStatusReply* reply) {
  reply->set_version("9.9.9");
  return refusal;
}

grpc::Status FakeAdmin::GetProgress(grpc::ServerContext*, const v1::GetProgressRequest* request, v1::Progress* reply) {
  asked_progress = *request;
  const std::size_t turn = asked_progress_times++;
  if (!progress.empty()) *reply = progress[std::min(turn, progress.size() - 1)];
  return refusal;
}

}  // namespace ondol::cli
