#include "tests/bench/swarm/fleet_files.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace ondol::bench {
namespace {

constexpr std::string_view kEnd = "-----END CERTIFICATE-----\n";

Result<void> write_text(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  if (!file.flush()) return fail(Errc::kIo, "cannot be written", path);
  return {};
}

Result<std::string> read_text(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file)
    return fail(Errc::kNotFound, "cannot be read", path, "make the fleet: swarm_make_fleet DIR HOSTS");
  return std::string(std::istreambuf_iterator<char>(file), {});
}

}  // namespace

HostId swarm_host(std::size_t number) { return HostId{fmt::format("swarm-{:05}", number)}; }

Result<void> write_fleet(const std::string& directory, const FleetFiles& files) {
  std::filesystem::create_directories(directory);
  ONDOL_TRY(write_text(directory + "/ca.pem", files.ca_pem));
  ONDOL_TRY(write_text(directory + "/key.pem", files.key_pem));
  std::string all;
  for (const std::string& certificate : files.certificates) all += certificate;
  return write_text(directory + "/certificates.pem", all);
}

Result<FleetFiles> read_fleet(const std::string& directory) {
  FleetFiles files;
  auto ca = read_text(directory + "/ca.pem");
  if (!ca) return fail(ca.error());
  auto key = read_text(directory + "/key.pem");
  if (!key) return fail(key.error());
  auto all = read_text(directory + "/certificates.pem");
  if (!all) return fail(all.error());
  files.ca_pem = *std::move(ca);
  files.key_pem = *std::move(key);
  for (std::size_t at = 0, end = 0; (end = all->find(kEnd, at)) != std::string::npos;
       at = end + kEnd.size()) {
    files.certificates.push_back(all->substr(at, end + kEnd.size() - at));
  }
  return files;
}

}  // namespace ondol::bench
