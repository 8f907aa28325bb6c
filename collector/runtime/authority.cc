#include "collector/runtime/authority.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "common/base/failpoint.h"
#include "common/pki/durable_files.h"
#include "common/pki/verify.h"

namespace ondol::collector {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostPemBytes = 64 << 10;
constexpr const char* kCaFile = "ca.pem";
constexpr const char* kCaKeyFile = "ca-key.pem";

constexpr const char* kRestore = "restore ca.pem and ca-key.pem from a copy; every host trusts them";

bool exists(const std::string& path) {
  std::error_code error;
  return fs::symlink_status(path, error).type() != fs::file_type::not_found;
}

Result<pki::Ca> make_authority(const AuthorityPaths& paths, WallTime now) {
  auto ca = pki::make_ca(now);
  if (!ca) return fail(ca.error());
  const auto key = pki::render_key(ca->key);
  if (!key) return fail(key.error());
  const std::string fresh = paths.authority + ".new";
  std::error_code error;
  fs::remove_all(fresh, error);
  ONDOL_TRY(pki::write_directory(
      fresh, {{kCaFile, pki::render_pem(ca->certificate), false}, {kCaKeyFile, *key, true}}));
  ONDOL_FAILPOINT("authority.written");
  fs::rename(fresh, paths.authority, error);
  if (error) return fail(Errc::kIo, "cannot rename it: " + error.message(), fresh);
  ONDOL_TRY(pki::sync_directory(fs::path(paths.authority).parent_path()));
  return ca;
}

Result<void> verify_private(const std::string& path) {
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0 || (facts.st_mode & 077) == 0) return {};
  return fail(Errc::kRefused, "others can read the authority's key", path,
              "chmod 600 it, and ask who has read it");
}

Result<pki::Ca> read_authority(const AuthorityPaths& paths, const std::string& certificate_pem) {
  const auto key_pem = pki::read_bounded(paths.authority + "/" + kCaKeyFile, kMostPemBytes);
  if (!key_pem) return fail(key_pem.error());
  auto certificate = pki::parse_certificate(certificate_pem);
  if (!certificate) return fail(certificate.error());
  auto key = pki::parse_key(*key_pem);
  if (!key) return fail(key.error());
  ONDOL_TRY(pki::verify_pair(*key, *certificate));
  return pki::Ca{*std::move(key), *std::move(certificate)};
}

Result<ServerIdentity> make_server_identity(const AuthorityPaths& paths, const pki::Ca& ca,
                                            const std::vector<std::string>& names, WallTime now) {
  const auto key = pki::make_key();
  if (!key) return fail(key.error());
  const auto certificate = pki::issue_server_certificate(ca, *key, names, now);
  if (!certificate) return fail(certificate.error());
  const auto key_pem = pki::render_key(*key);
  if (!key_pem) return fail(key_pem.error());
  const pki::Identity identity{*key_pem, pki::render_pem(*certificate), pki::render_pem(ca.certificate)};
  auto facts = pki::write_identity(paths.identity, identity, {pki::Purpose::kServer, kServerName}, now);
  if (!facts) return fail(facts.error());
  return ServerIdentity{*std::move(facts), true};
}

// One spelling each, or a name written another way would mean a new certificate at every look.
std::vector<std::string> sorted(std::vector<std::string> names) {
  std::transform(names.begin(), names.end(), names.begin(), pki::normal_name);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

}  // namespace

Result<pki::Ca> open_authority(const AuthorityPaths& paths, WallTime now) {
  if (!exists(paths.authority)) {
    if (!exists(paths.current)) return make_authority(paths, now);
    return fail(Errc::kCorrupt, "the certificate authority is gone, but it has issued a server identity",
                paths.authority, kRestore);
  }
  ONDOL_TRY(verify_private(paths.authority + "/" + kCaKeyFile));
  const auto certificate = pki::read_bounded(paths.authority + "/" + kCaFile, kMostPemBytes);
  auto ca = certificate ? read_authority(paths, *certificate) : Result<pki::Ca>(fail(certificate.error()));
  if (ca) return ca;
  return fail(Errc::kCorrupt, "the certificate authority cannot be used: " + ca.error().message,
              paths.authority, kRestore);
}

Result<ServerIdentity> ensure_server_identity(const AuthorityPaths& paths, const pki::Ca& ca,
                                              std::vector<std::string> names, WallTime now) {
  names.push_back(kServerName);
  names = sorted(std::move(names));
  const auto identity = pki::read_identity(paths.identity, pki::Purpose::kServer);
  if (identity) {
    auto facts = pki::verify_identity(*identity, {pki::Purpose::kServer, kServerName}, now);
    const bool fresh = facts && now - facts->not_before < (facts->not_after - facts->not_before) / 2;
    const bool same_ca = identity->ca_pem == pki::render_pem(ca.certificate);
    if (fresh && same_ca && sorted(facts->names) == names) return ServerIdentity{*std::move(facts), false};
  }
  return make_server_identity(paths, ca, names, now);
}

}  // namespace ondol::collector
