// Makes a collector's state directory that knows a fleet, and that fleet's identities: swarm_make_fleet DIR
// HOSTS
#include <fmt/format.h>

#include <filesystem>

#include "collector/runtime/authority.h"
#include "collector/store/store.h"
#include "common/loop/clocks.h"
#include "tests/bench/swarm/fleet_files.h"

namespace ondol::bench {
namespace {

constexpr std::size_t kBatch = 1'000;

struct Sizes {
  std::size_t hosts = 0, slow = 0;
};

store::HostRecord record_of(const HostId& host, std::string app) {
  store::HostRecord record;
  record.name = host;
  record.cluster = "seoul-1";
  record.phase = "live";
  record.app_type = "api";
  record.app_group = "payments";
  record.app = std::move(app);
  record.changed = read_now().wall;
  record.changed_by = "bench";
  return record;
}

Result<store::CertificateRow> issue(const pki::Ca& ca, const pki::Csr& csr, const HostId& host,
                                    FleetFiles& files) {
  auto certificate = pki::issue_agent_certificate(ca, csr, host, read_now().wall);
  if (!certificate) return fail(certificate.error());
  const auto facts = pki::certificate_facts(*certificate);
  if (!facts) return fail(facts.error());
  files.certificates.push_back(pki::render_pem(*certificate));
  return store::CertificateRow{facts->serial, host, facts->not_before, facts->not_after, false};
}

Result<pki::Csr> request_with(const pki::Key& key) {
  auto der = pki::make_csr(key);
  if (!der) return fail(der.error());
  return pki::parse_csr(*der);
}

Result<void> fill(store::Store& store, const pki::Ca& ca, Sizes sizes, FleetFiles& files) {
  auto key = pki::make_key();
  if (!key) return fail(key.error());
  auto csr = request_with(*key);
  if (!csr) return fail(csr.error());
  files.key_pem = *pki::render_key(*key);
  files.ca_pem = pki::render_pem(ca.certificate);
  store::Batch batch;
  for (std::size_t number = 0; number < sizes.hosts + sizes.slow; ++number) {
    const HostId host = swarm_host(number);
    auto certificate = issue(ca, *csr, host, files);
    if (!certificate) return fail(certificate.error());
    batch.push_back(store::PutRecord{record_of(host, number < sizes.hosts ? "settlement" : "slow")});
    batch.push_back(store::PutCertificate{*std::move(certificate)});
    if (batch.size() < kBatch && number + 1 < sizes.hosts + sizes.slow) continue;
    ONDOL_TRY(store.commit(std::exchange(batch, {})));
  }
  return {};
}

Result<void> make(const std::string& directory, Sizes sizes) {
  const collector::AuthorityPaths paths(directory + "/collector");
  std::filesystem::create_directories(directory + "/collector");
  auto ca = collector::open_authority(paths, read_now().wall);
  if (!ca) return fail(ca.error());
  const auto server = collector::ensure_server_identity(paths, *ca, {"127.0.0.1"}, read_now().wall);
  if (!server) return fail(server.error());
  auto store = store::open_sqlite_store(directory + "/collector/store.db");
  if (!store) return fail(store.error());
  FleetFiles files;
  ONDOL_TRY(fill(**store, *ca, sizes, files));
  return write_fleet(directory + "/agents", files);
}

}  // namespace
}  // namespace ondol::bench

int main(int count, char** arguments) {
  if (count != 4) return fmt::print(stderr, "usage: swarm_make_fleet DIR HOSTS SLOW\n"), 2;
  const auto made = ondol::bench::make(arguments[1], {std::stoul(arguments[2]), std::stoul(arguments[3])});
  if (!made) return fmt::print(stderr, "{}\n", render(made.error())), 1;
  return 0;
}
