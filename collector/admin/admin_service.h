// The operators' gRPC service: asks the core and the store, and brings changes to the desk. Decides nothing.
#pragma once

#include <grpcpp/grpcpp.h>

#include <optional>
#include <set>
#include <string>

#include "collector/runtime/change_desk.h"
#include "collector/runtime/intent_answers.h"
#include "collector/runtime/store_health.h"
#include "ondol/v1/admin.grpc.pb.h"

namespace ondol::collector {

// What a page of drift is made of.
struct DriftFilter {
  std::optional<std::set<HostId>> hosts;  // that a selector takes; empty = every host
  std::optional<HostId> host;
  std::size_t page = 0;                   // at most so many records
};

// Thread: gRPC's own pool; operators are few.
// Errors: each call's status carries what was wrong, where and what to do.
class AdminService final : public v1::Admin::Service {
 public:
  struct Parts {
    store::Store& store;
    store::BatchedWriter& writer;
    CollectorRuntime& runtime;
    ChangeDesk& desk;
    IntentAnswers& intent;
    StoreHealth& health;
    std::string version;
    WallTime started{};
  };
  explicit AdminService(Parts parts) : parts_(std::move(parts)) {}

  using Context = grpc::ServerContext;
  using Status = grpc::Status;
  Status ListHosts(Context*, const v1::ListHostsRequest*, v1::ListHostsReply*) override;
  Status ShowHost(Context*, const v1::ShowHostRequest*, v1::ShowHostReply*) override;
  Status HostHistory(Context*, const v1::HostHistoryRequest*, v1::HostHistoryReply*) override;
  Status ListDrift(Context*, const v1::ListDriftRequest*, v1::ListDriftReply*) override;
  Status ShowDrift(Context*, const v1::ShowDriftRequest*, v1::Drift*) override;
  Status WatchDrift(Context*, const v1::WatchDriftRequest*, grpc::ServerWriter<v1::Drift>*) override;
  Status CheckConfig(Context*, const v1::ConfigRequest*, v1::ConfigReply*) override;
  Status ApplyConfig(Context*, const v1::ConfigRequest*, v1::ConfigReply*) override;
  Status PlanConfig(Context*, const v1::ConfigRequest*, v1::ConfigReply*) override;
  Status RollbackConfig(Context*, const v1::RollbackConfigRequest*, v1::ConfigReply*) override;
  Status ExplainConfig(Context*, const v1::ExplainConfigRequest*, v1::ExplainConfigReply*) override;
  Status DiffConfig(Context*, const v1::DiffConfigRequest*, v1::DiffConfigReply*) override;
  Status ListRevisions(Context*, const v1::ListRevisionsRequest*, v1::ListRevisionsReply*) override;
  Status ImportCmdb(Context*, const v1::ImportCmdbRequest*, v1::ImportCmdbReply*) override;
  Status ExportCmdb(Context*, const v1::ExportCmdbRequest*, v1::ExportCmdbReply*) override;
  Status ShowRecord(Context*, const v1::ShowRecordRequest*, v1::Record*) override;
  Status CreateToken(Context*, const v1::CreateTokenRequest*, v1::CreateTokenReply*) override;
  Status RevokeHost(Context*, const v1::RevokeHostRequest*, v1::RevokeHostReply*) override;
  Status GetStatus(Context*, const v1::GetStatusRequest*, v1::GetStatusReply*) override;
  Status GetProgress(Context*, const v1::GetProgressRequest*, v1::Progress*) override;

 private:
  Result<void> fill_values(const v1::ShowHostRequest& request, v1::ShowHostReply& reply);
  Result<RollbackTarget> find_target(const v1::RevisionRef& ref);
  bool is_young() const;  // agents are still coming back to a collector that started a moment ago
  Result<void> list_open_drift(const v1::ListDriftRequest&, const DriftFilter&, v1::ListDriftReply&);
  Result<void> list_all_drift(const v1::ListDriftRequest&, const DriftFilter&, v1::ListDriftReply&);

  Parts parts_;
};

// "uid 1000 (kim)", as the kernel names the caller of the unix socket.
Result<std::string> actor_of(const grpc::ServerContext& context);

}  // namespace ondol::collector
