#include "common/yaml/strict_yaml.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "common/yaml/build_tree.h"
#include "common/yaml/scan_text.h"

namespace ondol::yaml {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

Result<std::string> read_bounded(int fd, const std::string& path, std::size_t most) {
  std::string text(most, '\0');
  std::size_t size = 0;
  while (size < most) {
    const ssize_t got = ::read(fd, text.data() + size, most - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(Errc::kIo, fmt::format("cannot be read: {}", std::strerror(errno)), path);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  text.resize(size);
  return text;
}

}  // namespace

std::string render(const Place& place) {
  return place.line == 0 ? place.file : fmt::format("{}:{}:{}", place.file, place.line, place.column);
}

std::optional<Place> place_of(const Error& error) {
  const std::string_view where = error.where;
  const auto column = where.rfind(':');
  if (column == std::string_view::npos || column == 0) return std::nullopt;
  const auto line = where.rfind(':', column - 1);
  if (line == std::string_view::npos) return std::nullopt;
  Place place{std::string(where.substr(0, line)), 0, 0};
  const auto number = [where](std::size_t from, std::size_t to, int& value) {
    return std::from_chars(where.data() + from, where.data() + to, value).ec == std::errc{};
  };
  if (!number(line + 1, column, place.line) || !number(column + 1, where.size(), place.column)) return std::nullopt;
  return place;
}

Node::Node() = default;
Node::Node(const Node& other) = default;
Node::Node(Node&& other) noexcept = default;
Node& Node::operator=(const Node& other) = default;
Node& Node::operator=(Node&& other) noexcept = default;
Node::~Node() = default;

const Node* Node::find_key(std::string_view key) const {
  const auto found =
      std::find_if(entries.begin(), entries.end(), [key](const auto& entry) { return entry.first.scalar == key; });
  return found == entries.end() ? nullptr : &found->first;
}

const Node* Node::find(std::string_view key) const {
  const auto found =
      std::find_if(entries.begin(), entries.end(), [key](const auto& entry) { return entry.first.scalar == key; });
  return found == entries.end() ? nullptr : &found->second;
}

Result<Node> parse(std::string_view text, const std::string& file, const Limits& limits) {
  ONDOL_TRY(scan_text(text, file, limits.max_bytes));
  return build_tree(text, file, limits);
}

Result<Node> parse_file(const std::string& path, const Limits& limits) {
  // O_NONBLOCK: a fifo in place of the file must not hang the caller.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (file.get() < 0) {
    const Errc code = errno == ENOENT || errno == ENOTDIR ? Errc::kNotFound : Errc::kIo;
    return fail(code, fmt::format("cannot be opened: {}", std::strerror(errno)), path);
  }
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) {
    return fail(Errc::kIo, fmt::format("cannot be examined: {}", std::strerror(errno)), path);
  }
  if (!S_ISREG(status.st_mode)) {
    return fail(Errc::kInvalidInput, "is not a regular file", path, "name a YAML file");
  }
  const auto size = static_cast<std::size_t>(std::max<off_t>(status.st_size, 0));
  if (size > limits.max_bytes) {
    return fail(Errc::kLimit, fmt::format("the file has {} bytes, more than {}", size, limits.max_bytes),
                render(Place{path, 1, 1}), "split it into smaller files");
  }
  auto text = read_bounded(file.get(), path, limits.max_bytes + 1);
  if (!text) return fail(text.error());
  return parse(*text, path, limits);
}

}  // namespace ondol::yaml
