// The real ondol-collector on loopback with its own state directory: started, asked, killed and started again.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "ondol/v1/admin.grpc.pb.h"

namespace ondol::collector {

// Ready = it told systemd's socket so. Everything is gone with the object.
class RealCollector {
 public:
  // state_mib: the state directory is a tmpfs of its own of that size (needs root); 0 = a plain directory.
  explicit RealCollector(int state_mib = 0);
  ~RealCollector();
  RealCollector(const RealCollector&) = delete;
  RealCollector& operator=(const RealCollector&) = delete;

  void start(unsigned long descriptors = 0);  // returns when READY=1 came; descriptors: its hard limit, 0 = ours
  void kill();                   // SIGKILL
  int stop();                    // SIGTERM; the exit code
  v1::Admin::Stub& admin();      // over the unix socket
  std::string agents_address() const;
  std::string enroll_address() const;
  std::string metrics() const;   // the page
  pid_t process() const { return process_; }
  const std::filesystem::path& folder() const { return folder_; }

  // ---- what an operator does ----
  void import(const std::vector<std::string>& hosts);
  std::string create_token(const std::string& host);
  void revoke(const std::string& host);
  v1::ConfigReply apply(const std::string& global_yaml);
  grpc::Status try_apply(const std::string& global_yaml, v1::ConfigReply& reply);
  v1::GetStatusReply status();
  v1::HostSummary show(const std::string& host);
  std::vector<v1::Drift> drift(bool with_closed);

 private:
  void write_config();
  std::string wait_for_notice(const std::string& wanted);

  std::filesystem::path folder_;
  int agents_port_ = 0, enroll_port_ = 0, metrics_port_ = 0;
  int notify_ = -1;
  bool mounted_ = false;
  pid_t process_ = 0;
  std::unique_ptr<v1::Admin::Stub> admin_;
};

}  // namespace ondol::collector
