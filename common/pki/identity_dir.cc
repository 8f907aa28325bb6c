#include "common/pki/identity_dir.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <optional>
#include <system_error>
#include <vector>

#include "common/base/failpoint.h"
#include "common/pki/durable_files.h"
#include "common/pki/key.h"

namespace ondol::pki {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kGeneration = "generation-";
constexpr std::size_t kFileLimit = 64 * 1024;

tl::unexpected<Error> system_failed(const std::string& what, const std::string& path) {
  return fail(Errc::kIo, what + ": " + std::generic_category().message(errno), path);
}

// Held while one process changes the directory; the kernel lets go of it when the process ends.
class DirectoryLock {
 public:
  explicit DirectoryLock(const std::string& path)
      : file_(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {}
  ~DirectoryLock() {
    if (file_ >= 0) ::close(file_);
  }
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;
  bool opened() const { return file_ >= 0; }
  bool take() const { return ::flock(file_, LOCK_EX | LOCK_NB) == 0; }

 private:
  int file_;
};

std::optional<std::uint64_t> generation_number(const std::string& name) {
  if (!name.starts_with(kGeneration)) return std::nullopt;
  std::uint64_t number = 0;
  const char* end = name.data() + name.size();
  const auto parsed = std::from_chars(name.data() + kGeneration.size(), end, number);
  return parsed.ec == std::errc() && parsed.ptr == end ? std::optional(number) : std::nullopt;
}

Result<std::vector<std::string>> read_generations(const std::string& directory) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator at(directory, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (generation_number(name)) names.push_back(name);
  }
  if (error) return fail(Errc::kIo, "cannot list: " + error.message(), directory);
  return names;
}

std::string next_generation(const std::vector<std::string>& names) {
  std::uint64_t highest = 0;
  for (const std::string& name : names) highest = std::max(highest, generation_number(name).value_or(0));
  return std::string(kGeneration) + std::to_string(highest + 1);
}

// What `current` links to; empty when it is absent. Anything else under that name is not ours to replace.
Result<std::string> read_current(const std::string& directory) {
  const std::string link = directory + "/current";
  std::error_code error;
  const fs::file_status status = fs::symlink_status(link, error);
  if (status.type() == fs::file_type::not_found) return std::string();
  if (!fs::is_symlink(status)) {
    return fail(Errc::kConflict, "is not a symbolic link", link,
                "move it away; it was not made by this program");
  }
  const fs::path target = fs::read_symlink(link, error);
  if (error) return fail(Errc::kIo, "cannot read the link: " + error.message(), link);
  return target.string();
}

Result<void> swap_current(const std::string& directory, const std::string& generation) {
  const std::string fresh = directory + "/current.new";
  const std::string link = directory + "/current";
  ::unlink(fresh.c_str());
  if (::symlink(generation.c_str(), fresh.c_str()) != 0) return system_failed("cannot link", fresh);
  ONDOL_FAILPOINT("pki.identity.linked");
  if (::rename(fresh.c_str(), link.c_str()) != 0) return system_failed("cannot rename to current", fresh);
  ONDOL_FAILPOINT("pki.identity.swapped");
  return sync_directory(directory);
}

// Only tidies: what cannot be removed now is removed at the next write.
void sweep(const std::string& directory, const std::string& kept, const std::string& previous) {
  const auto names = read_generations(directory);
  if (!names) return;
  for (const std::string& name : *names) {
    std::error_code ignored;
    if (name != kept && name != previous) fs::remove_all(directory + "/" + name, ignored);
  }
}

Result<void> write_generation(const std::string& path, const Identity& identity, Purpose purpose) {
  const IdentityFiles files = identity_files(purpose);
  ONDOL_TRY(write_directory(path, {{files.key, identity.key_pem, true},
                                   {files.certificate, identity.certificate_pem, false},
                                   {files.ca, identity.ca_pem, false}}));
  const auto written = read_generation(path, purpose);
  if (!written) return fail(written.error());
  if (*written != identity) return fail(Errc::kCorrupt, "what was written reads back differently", path);
  return {};
}

Result<void> make_directory(const std::string& directory) {
  struct stat facts {};
  if (::stat(directory.c_str(), &facts) == 0) return {};
  return write_directory(directory, {});
}

Result<void> write_and_swap(const std::string& directory, const Identity& identity, Purpose purpose) {
  const auto previous = read_current(directory);
  if (!previous) return fail(previous.error());
  const auto names = read_generations(directory);
  if (!names) return fail(names.error());
  const std::string generation = next_generation(*names);
  ONDOL_TRY(write_generation(directory + "/" + generation, identity, purpose));
  ONDOL_FAILPOINT("pki.identity.written");
  ONDOL_TRY(swap_current(directory, generation));
  sweep(directory, generation, *previous);
  ONDOL_FAILPOINT("pki.identity.swept");
  return {};
}

}  // namespace

IdentityFiles identity_files(Purpose purpose) {
  switch (purpose) {
    case Purpose::kAgent:
      return {"key.pem", "certificate.pem", "ca.pem"};
    case Purpose::kServer:
      return {"server-key.pem", "server.pem", "ca.pem"};
  }
  return {};
}

Result<CertificateFacts> verify_identity(const Identity& identity, const IdentityOwner& owner, WallTime now) {
  const auto key = parse_key(identity.key_pem);
  if (!key) return fail(key.error());
  const auto certificate = parse_certificate(identity.certificate_pem);
  if (!certificate) return fail(certificate.error());
  const auto ca = parse_certificate(identity.ca_pem);
  if (!ca) return fail(ca.error());
  ONDOL_TRY(verify_pair(*key, *certificate));
  switch (owner.purpose) {
    case Purpose::kServer:
      ONDOL_TRY(verify_server(*certificate, *ca, owner.name, now));
      break;
    case Purpose::kAgent: {
      const auto host = verify_agent(*certificate, *ca, now);
      if (!host) return fail(host.error());
      if (host->value != owner.name) {
        return fail(Errc::kRefused, "the certificate is of host " + host->value + ", not of " + owner.name);
      }
      break;
    }
  }
  return certificate_facts(*certificate);
}

Result<CertificateFacts> write_identity(const std::string& directory, const Identity& identity,
                                        const IdentityOwner& owner, WallTime now) {
  auto facts = verify_identity(identity, owner, now);
  if (!facts) return facts;
  ONDOL_TRY(make_directory(directory));
  const DirectoryLock lock(directory);
  if (!lock.opened()) return system_failed("cannot open", directory);
  if (!lock.take())
    return fail(Errc::kConflict, "another process is changing the identity", directory, "try again");
  ONDOL_TRY(write_and_swap(directory, identity, owner.purpose));
  return facts;
}

Result<Identity> read_generation(const std::string& path, Purpose purpose) {
  const IdentityFiles files = identity_files(purpose);
  std::error_code error;
  const std::string whole = fs::canonical(path, error).string();
  if (error)
    return fail(error == std::errc::no_such_file_or_directory ? Errc::kNotFound : Errc::kIo, error.message(),
                path);
  auto key = read_bounded(whole + "/" + files.key, kFileLimit);
  if (!key) return fail(key.error());
  auto certificate = read_bounded(whole + "/" + files.certificate, kFileLimit);
  if (!certificate) return fail(certificate.error());
  auto ca = read_bounded(whole + "/" + files.ca, kFileLimit);
  if (!ca) return fail(ca.error());
  return Identity{std::move(*key), std::move(*certificate), std::move(*ca)};
}

Result<Identity> read_identity(const std::string& directory, Purpose purpose) {
  return read_generation(directory + "/current", purpose);
}

Result<CertificateFacts> read_identity_facts(const std::string& directory, Purpose purpose) {
  const auto text = read_bounded(directory + "/current/" + identity_files(purpose).certificate, kFileLimit);
  if (!text) return fail(text.error());
  const auto certificate = parse_certificate(*text);
  if (!certificate) return fail(certificate.error());
  return certificate_facts(*certificate);
}

}  // namespace ondol::pki
