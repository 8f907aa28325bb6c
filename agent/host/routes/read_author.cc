#include "agent/host/routes/read_author.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <pwd.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <utmp.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace ondol::routes {
namespace {

constexpr std::uint32_t kUnset = 4294967295;  // loginuid and sessionid of what nobody logged in for
constexpr std::size_t kMaxFileBytes = 4096;
constexpr std::size_t kMaxCommandBytes = 512;
constexpr std::size_t kMaxUsers = 256;
constexpr std::size_t kMaxUtmpEntries = 4096;
constexpr int kMaxAncestors = 32;
constexpr unsigned kCapNetAdmin = 12;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }

 private:
  int fd_;
};

// At most kMaxFileBytes of it; empty when it cannot be opened.
std::optional<std::string> read_file(int directory, const char* name) {
  const Descriptor file(openat(directory, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.is_open()) return std::nullopt;
  std::string text(kMaxFileBytes, '\0');
  const ssize_t size = read(file.get(), text.data(), text.size());
  if (size < 0) return std::nullopt;
  text.resize(static_cast<std::size_t>(size));
  return text;
}

template <typename Number>
std::optional<Number> parse_number(std::string_view text, int base = 10) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  while (!text.empty() && (text.front() == '\t' || text.front() == ' ')) text.remove_prefix(1);
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// The rest of the line that begins with `name`.
std::optional<std::string_view> line_value(std::string_view text, std::string_view name) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    if (line.starts_with(name)) return line.substr(name.size());
    at = end + 1;
  }
  return std::nullopt;
}

bool may_change_routes(std::string_view status) {
  const auto mask = line_value(status, "CapEff:");
  const auto bits = mask ? parse_number<std::uint64_t>(*mask, 16) : std::nullopt;
  return bits && ((*bits >> kCapNetAdmin) & 1) != 0;
}

std::optional<std::string> read_command(int process) {
  auto text = read_file(process, "cmdline");
  if (!text) return std::nullopt;
  while (!text->empty() && text->back() == '\0') text->pop_back();
  if (text->empty()) return std::nullopt;
  std::replace(text->begin(), text->end(), '\0', ' ');
  if (text->size() > kMaxCommandBytes) text->resize(kMaxCommandBytes);
  return text;
}

// The innermost service or scope of "0::/user.slice/user-1000.slice/session-12.scope".
std::optional<std::string> parse_unit(std::string_view cgroups) {
  std::optional<std::string_view> path = line_value(cgroups, "0::");
  if (!path || *path == "/") {
    const std::size_t at = cgroups.find(":name=systemd:");
    if (at != std::string_view::npos) path = cgroups.substr(at + 14, cgroups.find('\n', at) - at - 14);
  }
  while (path && !path->empty()) {
    const std::size_t slash = path->rfind('/');
    const std::string_view part = slash == std::string_view::npos ? *path : path->substr(slash + 1);
    if (part.ends_with(".service") || part.ends_with(".scope")) return std::string(part.substr(0, 255));
    path = slash == std::string_view::npos ? std::string_view{} : path->substr(0, slash);
  }
  return std::nullopt;
}

// logind's session id inside "session-12.scope".
std::optional<std::uint32_t> session_of_unit(std::string_view unit) {
  if (!unit.starts_with("session-") || !unit.ends_with(".scope")) return std::nullopt;
  return parse_number<std::uint32_t>(unit.substr(8, unit.size() - 14));
}

struct Ancestry {
  std::uint32_t parent = 0;
  std::uint32_t terminal = 0;  // device number
};

// /proc/PID/stat; the name in parentheses may itself hold spaces and parentheses.
std::optional<Ancestry> parse_stat(std::string_view stat) {
  const std::size_t at = stat.rfind(") ");
  if (at == std::string_view::npos) return std::nullopt;
  std::vector<std::string_view> fields;
  for (std::string_view rest = stat.substr(at + 2); !rest.empty() && fields.size() < 5;) {
    const std::size_t space = std::min(rest.find(' '), rest.size());
    fields.push_back(rest.substr(0, space));
    rest.remove_prefix(std::min(space + 1, rest.size()));
  }
  if (fields.size() < 5) return std::nullopt;
  const auto parent = parse_number<std::uint32_t>(fields[1]);
  const auto terminal = parse_number<std::int32_t>(fields[4]);
  if (!parent || !terminal) return std::nullopt;
  return Ancestry{*parent, static_cast<std::uint32_t>(*terminal)};
}

bool has_ancestor(const std::string& proc, std::uint32_t pid, std::uint32_t wanted) {
  for (int depth = 0; depth < kMaxAncestors && pid > 1; ++depth) {
    if (pid == wanted) return true;
    const auto stat = read_file(AT_FDCWD, fmt::format("{}/{}/stat", proc, pid).c_str());
    const auto ancestry = stat ? parse_stat(*stat) : std::nullopt;
    if (!ancestry) return false;
    pid = ancestry->parent;
  }
  return false;
}

std::optional<std::string> utmp_address(const utmp& entry) {
  const bool is_ipv4 = entry.ut_addr_v6[1] == 0 && entry.ut_addr_v6[2] == 0 && entry.ut_addr_v6[3] == 0;
  if (is_ipv4 && entry.ut_addr_v6[0] == 0) return std::nullopt;
  char text[INET6_ADDRSTRLEN] = {};
  if (inet_ntop(is_ipv4 ? AF_INET : AF_INET6, entry.ut_addr_v6, text, sizeof(text)) == nullptr)
    return std::nullopt;
  return text;
}

// The login on the process's own terminal, if the process that utmp names for it is an ancestor.
std::optional<std::string> read_utmp_peer(const AuthorSources& sources, int process, std::uint32_t pid) {
  constexpr unsigned kUnix98Terminals = 136;
  const auto stat = read_file(process, "stat");
  const auto ancestry = stat ? parse_stat(*stat) : std::nullopt;
  if (!ancestry || major(ancestry->terminal) != kUnix98Terminals) return std::nullopt;
  const std::string line = fmt::format("pts/{}", minor(ancestry->terminal));
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(sources.utmp.c_str(), "re"), std::fclose);
  if (!file) return std::nullopt;
  utmp entry{};
  for (std::size_t i = 0; i < kMaxUtmpEntries && std::fread(&entry, sizeof(entry), 1, file.get()) == 1; ++i) {
    const std::string_view entry_line(entry.ut_line, strnlen(entry.ut_line, sizeof(entry.ut_line)));
    if (entry.ut_type != USER_PROCESS || entry_line != line || entry.ut_pid <= 0) continue;
    if (has_ancestor(sources.proc, pid, static_cast<std::uint32_t>(entry.ut_pid))) return utmp_address(entry);
  }
  return std::nullopt;
}

std::optional<std::uint32_t> read_audit_id(int process, const char* name) {
  const auto text = read_file(process, name);
  const auto number = text ? parse_number<std::uint32_t>(*text) : std::nullopt;
  return number && *number != kUnset ? number : std::nullopt;
}

}  // namespace

AuthorReader::AuthorReader(AuthorSources sources) : sources_(std::move(sources)), largest_pid_(4194304) {
  const auto text = read_file(AT_FDCWD, (sources_.proc + "/sys/kernel/pid_max").c_str());
  if (const auto number = text ? parse_number<std::uint32_t>(*text) : std::nullopt) largest_pid_ = *number;
}

AuthorLook AuthorReader::look(std::uint32_t port) {
  Author author;
  if (port == 0 || port > largest_pid_) return {author, false};  // the kernel itself, or a port that is no process id
  author.pid = port;
  // Reads through the open directory fail once the process is gone, also when its id is used again.
  const Descriptor process(
      open(fmt::format("{}/{}", sources_.proc, port).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!process.is_open()) return {author, true};
  auto command = read_command(process.get());
  auto comm = read_file(process.get(), "comm");
  const auto status = read_file(process.get(), "status");
  if (!status) return {author, true};
  if (!may_change_routes(*status)) return {author, false};
  const bool is_ending = !command.has_value();
  author.command = std::move(command);
  if (comm) {
    while (!comm->empty() && comm->back() == '\n') comm->pop_back();
    author.comm = std::move(comm);
  }
  if (const auto cgroups = read_file(process.get(), "cgroup")) author.unit = parse_unit(*cgroups);
  read_session(process.get(), port, author);
  return {std::move(author), is_ending};
}

void AuthorReader::read_session(int process, std::uint32_t pid, Author& author) {
  const auto login = read_audit_id(process, "loginuid");
  author.session = read_audit_id(process, "sessionid");
  const auto scope = author.unit ? session_of_unit(*author.unit) : std::nullopt;
  if (!author.session) author.session = scope;
  if (login) author.user = user_name(*login);
  if (author.session) {
    const auto file = read_file(AT_FDCWD, fmt::format("{}/{}", sources_.sessions, *author.session).c_str());
    const auto owner = file ? line_value(*file, "UID=") : std::nullopt;
    const auto uid = owner ? parse_number<std::uint32_t>(*owner) : std::nullopt;
    // A session id that was used again after logind restarted belongs to somebody else.
    if (uid && (!login || uid == login)) {
      const auto user = line_value(*file, "USER=");
      if (user && !user->empty()) author.user = std::string(user->substr(0, 64));
      const auto peer = line_value(*file, "REMOTE_HOST=");
      if (peer && !peer->empty()) author.ssh_from = std::string(peer->substr(0, 255));
    }
  }
  if (!author.ssh_from) author.ssh_from = read_utmp_peer(sources_, process, pid);
}

// Digits when the file does not know the user.
std::string AuthorReader::user_name(std::uint32_t uid) {
  if (const auto known = user_names_.find(uid); known != user_names_.end()) return known->second;
  if (user_names_.size() >= kMaxUsers) user_names_.clear();
  std::string name = std::to_string(uid);
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(sources_.passwd.c_str(), "re"), std::fclose);
  while (const passwd* entry = file ? fgetpwent(file.get()) : nullptr) {
    if (entry->pw_uid != uid) continue;
    name = entry->pw_name;
    break;
  }
  return user_names_[uid] = name;
}

}  // namespace ondol::routes
