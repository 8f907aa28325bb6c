#include "agent/state/framed_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "common/base/digest.h"

namespace ondol::agent {
namespace {

constexpr std::string_view kMagic = "ondolst1";

tl::unexpected<Error> io_error(const std::string& what, const Directory& dir, const std::string& name) {
  return fail(Errc::kIo, what + ": " + std::strerror(errno), dir.path() + "/" + name,
              "free space and check the permissions of the state directory");
}

template <typename Integer>
void put(std::string& out, Integer value) {
  for (std::size_t i = 0; i < sizeof(Integer); ++i) out += static_cast<char>(value >> (8 * i));
}

template <typename Integer>
Integer get(std::string_view bytes, std::size_t at) {
  Integer value = 0;
  for (std::size_t i = 0; i < sizeof(Integer); ++i) {
    value |= static_cast<Integer>(static_cast<unsigned char>(bytes[at + i])) << (8 * i);
  }
  return value;
}

class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

// The file as it was, under a second name, while its own name may come to mean another or nothing.
class Kept {
 public:
  static Result<Kept> keep(const Directory& dir, const std::string& name) {
    Kept kept(dir, name);
    ::unlinkat(dir.fd(), kept.aside_.c_str(), 0);
    if (::linkat(dir.fd(), name.c_str(), dir.fd(), kept.aside_.c_str(), 0) == 0) return kept;
    if (errno != ENOENT) return io_error("cannot keep the old", dir, name);
    kept.is_there_ = false;
    return kept;
  }
  void put_back() const {
    if (is_there_) ::renameat(dir_.fd(), aside_.c_str(), dir_.fd(), name_.c_str());
    if (!is_there_) ::unlinkat(dir_.fd(), name_.c_str(), 0);
    static_cast<void>(dir_.sync());
  }
  void drop() const {
    if (is_there_) ::unlinkat(dir_.fd(), aside_.c_str(), 0);
  }

 private:
  Kept(const Directory& dir, const std::string& name) : dir_(dir), name_(name), aside_(name + ".old") {}
  const Directory& dir_;
  const std::string& name_;
  std::string aside_;
  bool is_there_ = true;
};

// Empty = not there.
Result<std::optional<std::string>> read_whole(const Directory& dir, const std::string& name) {
  const File file(::openat(dir.fd(), name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (file.fd() < 0 && errno == ENOENT) return std::nullopt;
  if (file.fd() < 0) return io_error("cannot open", dir, name);
  struct stat facts {};
  if (::fstat(file.fd(), &facts) != 0) return io_error("cannot look at", dir, name);
  if (static_cast<std::size_t>(facts.st_size) > kMaxFrame + kFrameOverhead) {
    return fail(Errc::kCorrupt, "is larger than any state file", dir.path() + "/" + name);
  }
  std::string bytes(static_cast<std::size_t>(facts.st_size), '\0');
  for (std::size_t at = 0; at < bytes.size();) {
    const ssize_t n = ::read(file.fd(), bytes.data() + at, bytes.size() - at);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return io_error("cannot read", dir, name);
    if (n == 0) break;
    at += static_cast<std::size_t>(n);
  }
  return bytes;
}

}  // namespace

Result<Directory> Directory::open(const std::string& path) {
  if (::mkdir(path.c_str(), 0750) != 0 && errno != EEXIST) {
    return fail(Errc::kIo, std::string("cannot make the directory: ") + std::strerror(errno), path);
  }
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return fail(Errc::kIo, std::string("cannot open the directory: ") + std::strerror(errno), path);
  return Directory(fd, path);
}

Directory::Directory(Directory&& other) noexcept : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)) {}

Directory::~Directory() {
  if (fd_ >= 0) ::close(fd_);
}

Result<void> Directory::sync() const {
  if (::fsync(fd_) != 0) return io_error("cannot sync", *this, "");
  return {};
}

std::string encode_frame(std::uint32_t version, std::string_view payload) {
  std::string frame(kMagic);
  frame.reserve(payload.size() + kFrameOverhead);
  put(frame, version);
  put(frame, static_cast<std::uint64_t>(payload.size()));
  frame += payload;
  frame += as_bytes(sha256_of(frame));
  return frame;
}

Result<std::string> decode_frame(std::uint32_t version, std::string_view bytes) {
  if (bytes.size() < kFrameOverhead || !bytes.starts_with(kMagic)) return fail(Errc::kCorrupt, "is not a state file");
  const std::string_view sealed = bytes.substr(0, bytes.size() - 32);
  if (as_bytes(sha256_of(sealed)) != bytes.substr(bytes.size() - 32)) {
    return fail(Errc::kCorrupt, "does not match its own digest");
  }
  const auto stored = get<std::uint32_t>(bytes, kMagic.size());
  if (stored != version) return fail(Errc::kCorrupt, "has the unknown version " + std::to_string(stored));
  if (get<std::uint64_t>(bytes, kMagic.size() + 4) != bytes.size() - kFrameOverhead) {
    return fail(Errc::kCorrupt, "has the wrong length");
  }
  return std::string(bytes.substr(kMagic.size() + 12, bytes.size() - kFrameOverhead));
}

Result<void> write_framed(const Directory& dir, const std::string& name, std::uint32_t version,
                          std::string_view payload) {
  const std::string temporary = name + ".new";
  {
    const File file(::openat(dir.fd(), temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640));
    if (file.fd() < 0) return io_error("cannot create", dir, temporary);
    if (!write_all(file.fd(), encode_frame(version, payload)) || ::fsync(file.fd()) != 0) {
      const auto error = io_error("cannot write", dir, temporary);
      ::unlinkat(dir.fd(), temporary.c_str(), 0);
      return error;
    }
  }
  const auto kept = Kept::keep(dir, name);
  if (!kept) return fail(kept.error());
  if (::renameat(dir.fd(), temporary.c_str(), dir.fd(), name.c_str()) != 0) return io_error("cannot rename", dir, name);
  if (auto synced = dir.sync(); !synced) {
    kept->put_back();
    return synced;
  }
  kept->drop();
  ::unlinkat(dir.fd(), (name + ".corrupt").c_str(), 0);  // whole again
  return {};
}

Result<std::optional<std::string>> read_framed(const Directory& dir, const std::string& name, std::uint32_t version) {
  const std::string path = dir.path() + "/" + name;
  const std::string aside = name + ".corrupt";
  auto bytes = read_whole(dir, name);
  if (bytes && !*bytes) {
    if (::faccessat(dir.fd(), aside.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) != 0) return std::nullopt;
    return fail(Errc::kCorrupt, "was found broken and set aside", dir.path() + "/" + aside);
  }
  if (!bytes && bytes.error().code != Errc::kCorrupt) return fail(bytes.error());
  Result<std::string> payload = bytes ? decode_frame(version, **bytes) : fail(bytes.error());
  if (payload) return std::optional<std::string>(std::move(*payload));
  ::renameat(dir.fd(), name.c_str(), dir.fd(), aside.c_str());
  return fail(Errc::kCorrupt, payload.error().message, path, "it is kept aside as " + aside);
}

Result<void> remove_file(const Directory& dir, const std::string& name) {
  const auto kept = Kept::keep(dir, name);
  if (!kept) return fail(kept.error());
  if (::unlinkat(dir.fd(), name.c_str(), 0) != 0 && errno != ENOENT) return io_error("cannot remove", dir, name);
  if (auto synced = dir.sync(); !synced) {
    kept->put_back();
    return synced;
  }
  kept->drop();
  ::unlinkat(dir.fd(), (name + ".corrupt").c_str(), 0);
  return {};
}

}  // namespace ondol::agent
