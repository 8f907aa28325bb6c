#include "tests/integration/enroll/enroll_lab.h"

#include <filesystem>

#include "common/pki/enroll_frame.h"

namespace ondol::enroll {

Result<HostId> MemoryBackend::redeem_token(const Sha256& token_hash, WallTime now) {
  const std::lock_guard lock(mutex_);
  const auto found = tokens_.find(token_hash);
  if (found == tokens_.end()) return fail(Errc::kNotFound, "unknown");
  TokenState& token = found->second;
  if (token.used) return fail(Errc::kConflict, "used");
  if (now > token.expires) return fail(Errc::kRefused, "expired");
  if (!records.empty() && !records.contains(token.host.value)) return fail(Errc::kInvalidInput, "no record");
  token.used = true;
  return token.host;
}

Result<store::CertificateRow> MemoryBackend::find_certificate(const std::string& serial) {
  const std::lock_guard lock(mutex_);
  const auto found = certificates_.find(serial);
  if (found == certificates_.end()) return fail(Errc::kNotFound, "unknown");
  return found->second;
}

Result<void> MemoryBackend::record_issued(const store::CertificateRow& row, bool /*renewal*/) {
  if (record_fails) return fail(*record_fails);
  if (revoke_while_recording) revoke(row.host);
  const std::lock_guard lock(mutex_);
  certificates_[row.serial] = row;
  return {};
}

std::string MemoryBackend::add_token(const Sha256& ca_hash, const HostId& host, WallTime expires) {
  const pki::Token token = pki::make_token(ca_hash);
  const std::lock_guard lock(mutex_);
  tokens_[pki::token_hash(token)] = {host, expires, false};
  return pki::render_token(token);
}

void MemoryBackend::revoke(const HostId& host) {
  const std::lock_guard lock(mutex_);
  for (auto& [serial, row] : certificates_) row.revoked = row.revoked || row.host == host;
}

std::size_t MemoryBackend::issued() {
  const std::lock_guard lock(mutex_);
  return certificates_.size();
}

std::size_t MemoryBackend::unused_tokens() {
  const std::lock_guard lock(mutex_);
  std::size_t count = 0;
  for (const auto& [hash, token] : tokens_) count += token.used ? 0 : 1;
  return count;
}

EnrollLab::EnrollLab() {
  std::string pattern = testing::TempDir() + "ondol-enroll-XXXXXX";
  root_ = ::mkdtemp(pattern.data());
}

EnrollLab::~EnrollLab() {
  server_.reset();
  std::filesystem::remove_all(root_);
}

void EnrollLab::write_server_identity(const pki::Ca& ca, WallTime now) const {
  const pki::Key key = pki::make_key().value();
  const auto leaf = pki::issue_server_certificate(ca, key, {"ondol-collector"}, now).value();
  const pki::Identity identity{*pki::render_key(key), pki::render_pem(leaf), pki::render_pem(ca.certificate)};
  const auto written =
      pki::write_identity(root_ + "/collector", identity, {pki::Purpose::kServer, "ondol-collector"}, now);
  ASSERT_TRUE(written) << render(written.error());
}

void EnrollLab::serve(EnrollServerConfig config) {
  if (!std::filesystem::exists(root_ + "/collector")) write_server_identity(ca_, now_);
  config.listen = "127.0.0.1:0";
  config.identity_dir = root_ + "/collector/current";
  config.clock = [this] { return wall_from_unix_ns(server_clock_); };
  config.count = [this](const EnrollCount& what) {
    const std::lock_guard lock(mutex_);
    ++counts_[std::string(what.label)];
    changed_.notify_all();
  };
  auto server = start_enroll_server(std::move(config), ca_, backend_);
  ASSERT_TRUE(server) << render(server.error());
  server_ = std::move(*server);
}

std::string EnrollLab::token(const std::string& host) {
  return backend_.add_token(pki::certificate_der_hash(ca_.certificate), HostId{host},
                            now_ + pki::kTokenLifetime);
}

agent::EnrollTarget EnrollLab::target(const std::string& agent) const {
  agent::EnrollTarget target;
  target.address = "127.0.0.1:" + std::to_string(server_->port());
  target.identity_dir = root_ + "/" + agent;
  return target;
}

void EnrollLab::move_to(WallTime now) {
  now_ = now;
  server_clock_ = unix_ns(now);
}

Result<pki::TlsClient> EnrollLab::dial(const std::string& protocol) const {
  const auto anybody = [](const std::vector<pki::Certificate>&) { return Result<void>(); };
  return pki::TlsClient::open({target().address, "ondol-collector", protocol}, anybody, Milliseconds(20'000));
}

EnrollLab::Stranger EnrollLab::stranger() const {
  auto client = dial();
  if (!client) throw std::runtime_error(render(client.error()));
  v1::Challenge challenge;
  challenge.ParseFromString(read_message(*client));
  return {std::move(*client), challenge.nonce()};
}

v1::EnrollReply EnrollLab::ask(Stranger& stranger, const std::string& message) const {
  v1::EnrollReply reply;
  EXPECT_TRUE(stranger.client.write(*pki::encode_frame(message)));
  EXPECT_TRUE(reply.ParseFromString(read_message(stranger.client)));
  return reply;
}

v1::EnrollReply EnrollLab::ask(const v1::EnrollRequest& request) const {
  auto one = stranger();
  return ask(one, request.SerializeAsString());
}

std::size_t EnrollLab::counted(const std::string& label) {
  const std::lock_guard lock(mutex_);
  return counts_[label];
}

void EnrollLab::wait_for(const std::vector<std::string>& labels, std::size_t wanted) {
  std::unique_lock lock(mutex_);
  const auto reached = [&] {
    std::size_t sum = 0;
    for (const std::string& label : labels) sum += counts_[label];
    return sum >= wanted;
  };
  EXPECT_TRUE(changed_.wait_for(lock, Seconds(20), reached)) << labels.front() << " stayed under " << wanted;
}

std::string read_message(pki::TlsClient& client) {
  const auto header = client.read(pki::kFrameHeader);
  if (!header) return {};
  const auto size = pki::decode_frame_size(*header);
  const auto bytes = size ? client.read(*size) : Result<std::string>(std::string());
  return bytes.value_or(std::string());
}

std::string refusal(const Result<pki::CertificateFacts>& outcome) {
  return outcome ? "granted" : render(outcome.error());
}

}  // namespace ondol::enroll
