// A collector's Admin service on a unix socket with answers set by the test: what ondolctl talks to.
#pragma once

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <map>
#include <memory>
#include <string>

#include "ondol/v1/admin.grpc.pb.h"

namespace ondol::cli {

class FakeAdmin final : public v1::Admin::Service {
 public:
  explicit FakeAdmin(const std::string& socket, std::vector<v1::Progress> answers = {});
  ~FakeAdmin() override;

  // What the next calls answer. A status that is not OK wins.
  grpc::Status refusal;
  std::vector<v1::ListHostsReply> host_pages;  // served in order, one per call
  void serve_hosts(std::vector<v1::ListHostsReply> pages) {
    host_pages = std::move(pages);
    served_pages_ = 0;
  }
  v1::ListDriftReply drift;
  std::vector<v1::ListDriftReply> drift_pages;  // served in order, before `drift`
  v1::ConfigReply config;
  std::vector<v1::Progress> progress;  // served in order, one per call; the last one again and again
  v1::ImportCmdbReply import;
  v1::ExplainConfigReply explained;
  v1::DiffConfigReply compared;
  v1::ListRevisionsReply revisions;
  // What the last calls asked.
  v1::ListHostsRequest asked_hosts;
  v1::ListDriftRequest asked_drift;
  v1::ConfigRequest asked_config;
  v1::GetProgressRequest asked_progress;
  std::atomic<std::size_t> asked_progress_times{0};
  v1::ImportCmdbRequest asked_import;
  v1::RollbackConfigRequest asked_rollback;
  v1::ExplainConfigRequest asked_explain;
  v1::DiffConfigRequest asked_diff;

 private:
  grpc::Status ListHosts(grpc::ServerContext*, const v1::ListHostsRequest*, v1::ListHostsReply*) override;
  grpc::Status ListDrift(grpc::ServerContext*, const v1::ListDriftRequest*, v1::ListDriftReply*) override;
  grpc::Status WatchDrift(grpc::ServerContext*, const v1::WatchDriftRequest*, grpc::ServerWriter<v1::Drift>*) override;
  grpc::Status CheckConfig(grpc::ServerContext*, const v1::ConfigRequest*, v1::ConfigReply*) override;
  grpc::Status ApplyConfig(grpc::ServerContext*, const v1::ConfigRequest*, v1::ConfigReply*) override;
  grpc::Status PlanConfig(grpc::ServerContext*, const v1::ConfigRequest*, v1::ConfigReply*) override;
  grpc::Status RollbackConfig(grpc::ServerContext*, const v1::RollbackConfigRequest*, v1::ConfigReply*) override;
  grpc::Status ExplainConfig(grpc::ServerContext*, const v1::ExplainConfigRequest*, v1::ExplainConfigReply*) override;
  grpc::Status DiffConfig(grpc::ServerContext*, const v1::DiffConfigRequest*, v1::DiffConfigReply*) override;
  grpc::Status ListRevisions(grpc::ServerContext*, const v1::ListRevisionsRequest*, v1::ListRevisionsReply*) override;
  grpc::Status ImportCmdb(grpc::ServerContext*, const v1::ImportCmdbRequest*, v1::ImportCmdbReply*) override;
  grpc::Status ExportCmdb(grpc::ServerContext*, const v1::ExportCmdbRequest*, v1::ExportCmdbReply*) override;
  grpc::Status CreateToken(grpc::ServerContext*, const v1::CreateTokenRequest*, v1::CreateTokenReply*) override;
  grpc::Status RevokeHost(grpc::ServerContext*, const v1::RevokeHostRequest*, v1::RevokeHostReply*) override;
  grpc::Status GetStatus(grpc::ServerContext*, const v1::GetStatusRequest*, v1::GetStatusReply*) override;
  grpc::Status GetProgress(grpc::ServerContext*, const v1::GetProgressRequest*, v1::Progress*) override;

  std::size_t served_pages_ = 0, served_drift_pages_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace ondol::cli
