// The process behind a change. Every field is separately known or unknown, never guessed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace ondol {

struct Author {
  std::optional<std::uint32_t> pid;
  std::optional<std::string> comm;      // at most 16 bytes
  std::optional<std::string> command;   // at most 512 bytes, arguments joined by spaces
  std::optional<std::string> unit;      // cgroup unit, e.g. ssh.service or session-12.scope
  std::optional<std::uint32_t> session; // audit session id
  std::optional<std::string> user;      // login user
  std::optional<std::string> ssh_from;  // address of the ssh client

  bool operator==(const Author&) const = default;
};

// "`ip route del 10.0.0.0/8` (pid 4121, user kim, session 12, from 10.0.0.5)" or "unknown process (pid 4121)" or
// "unknown process". Control characters are escaped.
std::string render(const Author& author);

// Control characters and invalid UTF-8 as \xNN; for every text that came from a host.
std::string escaped(const std::string& text);

}  // namespace ondol
