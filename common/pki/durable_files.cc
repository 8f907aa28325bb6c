#include "common/pki/durable_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "common/base/failpoint.h"

namespace ondol::pki {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }

 private:
  int number_;
};

tl::unexpected<Error> system_failed(const std::string& what, const std::string& path) {
  const int number = errno;
  const Errc code = number == ENOENT ? Errc::kNotFound : number == EEXIST ? Errc::kAlreadyExists : Errc::kIo;
  return fail(code, what + ": " + std::generic_category().message(number), path);
}

std::string parent_of(const std::string& path) {
  const std::string parent = std::filesystem::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

Result<void> write_all(int file, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t count = ::write(file, content.data(), content.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_failed("cannot write", path);
    content.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

Result<void> give_to_owner(int file, const struct stat& parent, const std::string& path) {
  if (::geteuid() != 0 || parent.st_uid == 0) return {};
  if (::fchown(file, parent.st_uid, parent.st_gid) != 0)
    return system_failed("cannot give it to the directory's owner", path);
  return {};
}

Result<void> write_file(const std::string& directory, const NewFile& file, const struct stat& parent) {
  const std::string path = directory + "/" + file.name;
  const mode_t mode = file.secret ? 0600 : 0644;
  const Descriptor target(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
  if (target.number() < 0) return system_failed("cannot create", path);
  // The umask may have taken bits away that the readers of public files need.
  if (::fchmod(target.number(), mode) != 0) return system_failed("cannot set the mode", path);
  ONDOL_TRY(give_to_owner(target.number(), parent, path));
  ONDOL_TRY(write_all(target.number(), file.content, path));
  if (::fsync(target.number()) != 0) return system_failed("cannot sync", path);
  ONDOL_FAILPOINT("pki.file." + file.name);
  return {};
}

Result<void> fill_directory(const std::string& path, const std::vector<NewFile>& files,
                            const struct stat& parent) {
  const Descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.number() < 0) return system_failed("cannot open", path);
  ONDOL_TRY(give_to_owner(directory.number(), parent, path));
  for (const NewFile& file : files) ONDOL_TRY(write_file(path, file, parent));
  if (::fsync(directory.number()) != 0) return system_failed("cannot sync", path);
  return sync_directory(parent_of(path));
}

}  // namespace

Result<void> sync_directory(const std::string& path) {
  const Descriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.number() < 0) return system_failed("cannot open", path);
  if (::fsync(directory.number()) != 0) return system_failed("cannot sync", path);
  return {};
}

Result<void> write_directory(const std::string& path, const std::vector<NewFile>& files) {
  struct stat parent {};
  if (::stat(parent_of(path).c_str(), &parent) != 0) return system_failed("cannot read", parent_of(path));
  if (::mkdir(path.c_str(), 0700) != 0) return system_failed("cannot make the directory", path);
  ONDOL_FAILPOINT("pki.directory");
  auto filled = fill_directory(path, files, parent);
  if (filled) return {};
  std::error_code ignored;
  std::filesystem::remove_all(path, ignored);
  return fail(filled.error());
}

Result<std::string> read_bounded(const std::string& path, std::size_t limit) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.number() < 0) return system_failed("cannot open", path);
  std::string content;
  std::array<char, 4096> part{};
  for (;;) {
    const ssize_t count = ::read(file.number(), part.data(), part.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_failed("cannot read", path);
    if (count == 0) return content;
    content.append(part.data(), static_cast<std::size_t>(count));
    if (content.size() > limit)
      return fail(Errc::kLimit, "is longer than " + std::to_string(limit) + " bytes", path);
  }
}

}  // namespace ondol::pki
