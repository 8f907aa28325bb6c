#include "collector/runtime/authority.h"

#include <algorithm>

#include "common/pki/durable_files.h"
#include "common/pki/verify.h"

namespace ondol::collector {
namespace {

constexpr std::size_t kMostPemBytes = 64 << 10;
constexpr const char* kCaFile = "ca.pem";
constexpr const char* kCaKeyFile = "ca-key.pem";

Result<pki::Ca> make_authority(const AuthorityPaths& paths, WallTime now) {
  auto ca = pki::make_ca(now);
  if (!ca) return fail(ca.error());
  const auto key = pki::render_key(ca->key);
  if (!key) return fail(key.error());
  ONDOL_TRY(pki::write_directory(paths.authority, {{kCaFile, pki::render_pem(ca->certificate), false},
                                                   {kCaKeyFile, *key, true}}));
  return ca;
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

std::vector<std::string> sorted(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

}  // namespace

Result<pki::Ca> open_authority(const AuthorityPaths& paths, WallTime now) {
  const auto certificate = pki::read_bounded(paths.authority + "/" + kCaFile, kMostPemBytes);
  if (!certificate && certificate.error().code == Errc::kNotFound) return make_authority(paths, now);
  if (!certificate) return fail(certificate.error());
  auto ca = read_authority(paths, *certificate);
  if (ca) return ca;
  return fail(Errc::kCorrupt, "the certificate authority cannot be used: " + ca.error().message, paths.authority,
              "restore ca.pem and ca-key.pem from a copy; every host trusts them");
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
