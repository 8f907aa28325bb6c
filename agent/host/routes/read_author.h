// The process behind a netlink port, read from /proc at once: what can be read is said, nothing is guessed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "common/base/author.h"

namespace ondol::routes {

// Where the facts are; tests lay out their own.
struct AuthorSources {
  std::string proc = "/proc";
  std::string sessions = "/run/systemd/sessions";  // one file per login session, written by logind
  std::string utmp = "/var/run/utmp";
  std::string passwd =
      "/etc/passwd";  // read directly: a name service may need the network that is being repaired
};

// What is known now. A process that is gone or ending may have been known before; one that lives and could not have
// changed a route is not the writer.
struct AuthorLook {
  Author author;
  bool is_gone = false;
};

// Thread: one. Cost: about ten small reads, some 50 us. Never blocks on anything but local files.
//
// The port is the writer's process id when the kernel chose it for the first socket of a process; other ports
// say nothing. A process that holds no CAP_NET_ADMIN cannot have changed a route: then the id is that of
// another process namespace or was used again, and only the number is given.
class AuthorReader {
 public:
  explicit AuthorReader(AuthorSources sources = {});
  Author read(std::uint32_t port) { return look(port).author; }
  AuthorLook look(std::uint32_t port);

 private:
  void read_session(int process, std::uint32_t pid, Author& author);
  std::string user_name(std::uint32_t uid);

  AuthorSources sources_;
  std::uint32_t largest_pid_;
  std::unordered_map<std::uint32_t, std::string> user_names_;
};

}  // namespace ondol::routes
