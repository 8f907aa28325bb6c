// A blocking TLS 1.3 conversation as a client, with one time limit over all of it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/pki/certificate.h"

namespace ondol::pki {

struct TlsTarget {
  std::string address;      // host:port, [v6]:port
  std::string server_name;  // sent as SNI; the judge checks it
  std::string protocol;     // ALPN: the server must choose it
};

// Decides whether the server is trusted, from what it sent, leaf first. Nothing else is checked: no system
// roots.
using ChainJudge = std::function<Result<void>(const std::vector<Certificate>& chain)>;

// Thread: one at a time. Errors: kUnavailable when the network or the limit ended it; the judge's own error
// as it is.
class TlsClient {
 public:
  // The name lookup obeys the resolver's own time-out, everything after it the limit.
  static Result<TlsClient> open(const TlsTarget& target, const ChainJudge& judge, Milliseconds limit);
  ~TlsClient();
  TlsClient(TlsClient&&) noexcept;
  TlsClient& operator=(TlsClient&&) noexcept;

  Result<void> write(std::string_view bytes);
  Result<std::string> read(std::size_t count);  // exactly so many

 private:
  struct State;
  explicit TlsClient(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace ondol::pki
