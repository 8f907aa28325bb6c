// What went wrong, where, and what to do about it: the one error type of the project.
#pragma once

#include <string>
#include <string_view>

namespace ondol {

// Closed: every switch over it is total, and rpc/status_mapping maps each to one gRPC code.
enum class Errc {
  kInvalidInput,      // what was given is wrong; the same input will fail again
  kNotFound,
  kAlreadyExists,
  kConflict,          // somebody else holds it, or it moved since it was read
  kRefused,           // a guard, a permission or a revoked identity said no
  kLimit,             // a bound on length, depth, count or rate
  kUnavailable,       // try again later
  kIo,                // disk, kernel or network said no
  kCorrupt,           // what was stored or received does not match its own digest
  kUnsupported,       // the kernel or a peer lacks it
  kInterrupted,       // overrun, torn dump, cancelled
};

std::string_view to_string(Errc code);

struct Error {
  Errc code = Errc::kIo;
  std::string message;  // what was wrong, one sentence without a full stop
  std::string where;    // file:line:column, path, or host; may be empty
  std::string remedy;   // what to do; may be empty

  bool operator==(const Error&) const = default;
};

// "layers/app/x.yaml:14:7: unknown key 'via2' (did you mean 'via'?)"
std::string render(const Error& error);

}  // namespace ondol
