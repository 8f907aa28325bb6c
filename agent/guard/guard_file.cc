#include "agent/guard/guard_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <algorithm>
#include <cstring>
#include <fstream>

#include "common/base/author.h"
#include "common/yaml/strict_yaml.h"

namespace ondol::agent {
namespace {

using yaml::Node;

constexpr std::size_t kMaxBytes = 256u << 10;
constexpr std::size_t kMaxItems = 1'000;  // per list

Error at(const Node& node, std::string message, std::string remedy) {
  return {Errc::kInvalidInput, std::move(message), yaml::render(node.place), std::move(remedy)};
}

Result<void> read_flag(const Node* node, bool& into) {
  if (node == nullptr) return {};
  const auto value = yaml::read_bool(*node);
  if (!value) return fail(value.error());
  into = *value;
  return {};
}

Result<std::vector<std::string>> read_list(const Node* node) {
  std::vector<std::string> texts;
  if (node == nullptr || node->kind == yaml::Kind::kNull) return texts;
  if (node->kind != yaml::Kind::kSequence || node->items.size() > kMaxItems) {
    return fail(at(*node, "this must be a list of at most 1000", "write [a, b]"));
  }
  for (const Node& item : node->items) {
    auto text = yaml::read_string(item);
    if (!text) return fail(text.error());
    texts.push_back(*std::move(text));
  }
  return texts;
}

Result<void> read_prefixes(const Node* node, std::vector<IpPrefix>& into) {
  const auto texts = read_list(node);
  if (!texts) return fail(texts.error());
  for (std::size_t i = 0; i < texts->size(); ++i) {
    const auto prefix = parse_prefix((*texts)[i]);
    if (!prefix) return fail(at(node->items[i], prefix.error().message, prefix.error().remedy));
    into.push_back(*prefix);
  }
  return {};
}

Result<void> read_interfaces(const Node* node, std::vector<std::string>& into) {
  auto texts = read_list(node);
  if (!texts) return fail(texts.error());
  for (std::size_t i = 0; i < texts->size(); ++i) {
    const std::string& text = (*texts)[i];
    if (text.empty() || text.size() > 15 || text.find_first_of("/ \t\n") != std::string::npos) {
      return fail(at(node->items[i], "'" + escaped(text) + "' is no interface name", "at most 15 bytes, '*' for any"));
    }
  }
  into = *std::move(texts);
  return {};
}

// A mapping below the root, with only known keys; nullptr when the key is absent.
Result<const Node*> section(const Node& root, std::string_view name, std::initializer_list<std::string_view> known) {
  const Node* node = root.find(name);
  if (node == nullptr || node->kind == yaml::Kind::kNull) return nullptr;
  if (node->kind != yaml::Kind::kMapping) return fail(at(*node, std::string(name) + " must be a mapping", "write keys below it"));
  ONDOL_TRY(yaml::check_keys(*node, known));
  return node;
}

const Node* in(const Node* mapping, std::string_view key) { return mapping == nullptr ? nullptr : mapping->find(key); }

Result<void> read_limit(const Node* node, std::optional<std::size_t>& into) {
  if (node == nullptr) return {};
  const auto value = yaml::read_int(*node, 1, 1'000'000);
  if (!value) return fail(value.error());
  into = static_cast<std::size_t>(*value);
  return {};
}

Result<void> read_windows(const Node& root, const ReadZone& read_zone, GuardRules& rules) {
  const Node* windows = root.find("windows");
  const auto texts = read_list(windows);
  if (!texts) return fail(texts.error());
  for (std::size_t i = 0; i < texts->size(); ++i) {
    auto window = parse_window((*texts)[i]);
    if (!window) return fail(at(windows->items[i], escaped(window.error().message), window.error().remedy));
    rules.windows.push_back(*std::move(window));
  }
  const Node* zone = root.find("timezone");
  if (zone == nullptr && !rules.windows.empty()) rules.remark = "the change windows name no timezone: UTC is meant";
  if (zone == nullptr) return {};
  const auto name = yaml::read_string(*zone);
  if (!name) return fail(name.error());
  auto read = read_zone(*name);
  if (!read) return fail(at(*zone, "timezone " + escaped(*name) + ": " + read.error().message, read.error().remedy));
  rules.zone = *std::move(read);
  return {};
}

Result<void> read_bound(const Node* node, Milliseconds& into) {
  if (node == nullptr) return {};
  const auto value = yaml::read_duration(*node);
  if (!value) return fail(value.error());
  if (*value < trial::kShortestTrial || *value > trial::kLongestTrial) {
    return fail(at(*node, "a trial of " + node->scalar + " is out of bounds", "write 5s to 1h"));
  }
  into = *value;
  return {};
}

Result<void> read_trial(const Node& root, GuardRules& rules) {
  const auto bounds = section(root, "trial", {"min", "max"});
  if (!bounds) return fail(bounds.error());
  ONDOL_TRY(read_bound(in(*bounds, "min"), rules.shortest_trial));
  ONDOL_TRY(read_bound(in(*bounds, "max"), rules.longest_trial));
  if (rules.shortest_trial > rules.longest_trial) {
    return fail(at(**bounds, "min is longer than max", "write min: 10s and max: 10m"));
  }
  return {};
}

Result<GuardRules> from_tree(const Node& root, const ReadZone& read_zone) {
  GuardRules rules;
  if (root.kind == yaml::Kind::kNull) return rules;
  if (root.kind != yaml::Kind::kMapping) return fail(at(root, "the file must be a mapping", "write key: value lines"));
  ONDOL_TRY(yaml::check_keys(root, {"remote_apply", "protected", "max_deletion_percent", "max_changes_per_apply",
                                    "max_changes_per_hour", "windows", "timezone", "trial", "hold"}));
  const auto remote = section(root, "remote_apply", {"routes"});
  if (!remote) return fail(remote.error());
  ONDOL_TRY(read_flag(in(*remote, "routes"), rules.apply_routes));
  const auto guarded = section(root, "protected", {"prefixes", "interfaces", "default_route"});
  if (!guarded) return fail(guarded.error());
  ONDOL_TRY(read_prefixes(in(*guarded, "prefixes"), rules.protected_prefixes));
  ONDOL_TRY(read_interfaces(in(*guarded, "interfaces"), rules.protected_interfaces));
  ONDOL_TRY(read_flag(in(*guarded, "default_route"), rules.protect_default_route));
  if (const Node* percent = root.find("max_deletion_percent")) {
    const auto value = yaml::read_int(*percent, 0, 100);
    if (!value) return fail(value.error());
    rules.max_deletion_percent = static_cast<int>(*value);
  }
  ONDOL_TRY(read_limit(root.find("max_changes_per_apply"), rules.max_changes_per_apply));
  ONDOL_TRY(read_limit(root.find("max_changes_per_hour"), rules.max_changes_per_hour));
  ONDOL_TRY(read_windows(root, read_zone, rules));
  ONDOL_TRY(read_trial(root, rules));
  ONDOL_TRY(read_flag(root.find("hold"), rules.hold));
  return rules;
}

std::int64_t nanoseconds(const timespec& t) { return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec; }

Result<std::string> read_checked(int fd, const std::string& path, uid_t owner) {
  struct stat facts {};
  if (::fstat(fd, &facts) != 0) return fail(Errc::kIo, std::string("cannot look at it: ") + std::strerror(errno), path);
  if (!S_ISREG(facts.st_mode)) return fail(Errc::kRefused, "is not a regular file", path);
  if (facts.st_uid != owner) {
    return fail(Errc::kRefused, "belongs to uid " + std::to_string(facts.st_uid), path, "chown it to " + std::to_string(owner));
  }
  if ((facts.st_mode & 022) != 0) return fail(Errc::kRefused, "is writable by group or others", path, "chmod go-w it");
  std::string text(kMaxBytes + 1, '\0');
  std::size_t size = 0;
  for (ssize_t n = 0; size < text.size() && (n = ::read(fd, text.data() + size, text.size() - size)) > 0;) {
    size += static_cast<std::size_t>(n);
  }
  if (size > kMaxBytes) return fail(Errc::kLimit, "is larger than 256 KiB", path);
  text.resize(size);
  return text;
}

}  // namespace

Result<GuardRules> parse_guard(const std::string& text, const std::string& file, const ReadZone& read_zone) {
  return yaml::parse(text, file).and_then([&](const Node& root) { return from_tree(root, read_zone); });
}

Result<TimeZone> read_system_zone(const std::string& name) {
  if (name == "UTC") return TimeZone{};
  const bool plain = !name.empty() && name.size() <= 64 && name.front() != '/' && name.find("..") == std::string::npos &&
                     name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/") == std::string::npos;
  if (!plain) return fail(Errc::kInvalidInput, "is no name of a zone", "", "write one like Asia/Seoul or UTC");
  std::ifstream file("/usr/share/zoneinfo/" + name, std::ios::binary);
  std::string bytes(kMaxBytes, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(std::max<std::streamsize>(file.gcount(), 0)));
  if (bytes.empty()) return fail(Errc::kNotFound, "is not known here", "", "install tzdata, or write UTC");
  return parse_zone_file(bytes, name);
}

GuardFile::Stamp GuardFile::look() const {
  struct stat facts {};
  if (::lstat(path_.c_str(), &facts) != 0) return {errno != ENOENT, 0, 0, 0, 0, 0};
  return {true, facts.st_dev, facts.st_ino, static_cast<std::uint64_t>(facts.st_size), nanoseconds(facts.st_ctim),
          nanoseconds(facts.st_mtim)};
}

Result<GuardRules> GuardFile::read() const {
  // O_NONBLOCK: a fifo in its place must not hang the agent.
  const int fd = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0 && errno == ENOENT) return GuardRules{};
  if (fd < 0) {
    const bool link = errno == ELOOP;
    return fail(Errc::kRefused, link ? "is a symbolic link" : std::string("cannot be opened: ") + std::strerror(errno), path_);
  }
  const auto text = read_checked(fd, path_, owner_);
  ::close(fd);
  if (!text) return fail(text.error());
  return parse_guard(*text, path_, read_system_zone);
}

std::optional<GuardRules> GuardFile::reload() {
  const Stamp now = look();
  if (seen_ == now) return std::nullopt;
  seen_ = now;
  auto rules = read();
  if (rules) {
    good_ = *rules;
    return *rules;
  }
  GuardRules closed = good_;
  closed.apply_routes = false;
  closed.problem = render(rules.error());
  return closed;
}

}  // namespace ondol::agent
