#include "agent/session/describe_status.h"

#include <fmt/format.h>

#include <string_view>

namespace ondol::agent {
namespace {

bool mentions(const std::string& text, std::string_view word) { return text.find(word) != std::string::npos; }

}  // namespace

CallEnding describe(const grpc::Status& status, bool was_open) {
  const std::string& text = status.error_message();
  switch (status.error_code()) {
    case grpc::StatusCode::UNAUTHENTICATED:
    case grpc::StatusCode::PERMISSION_DENIED: return {"refused: " + text, true};
    default: break;
  }
  if (was_open) return {status.ok() ? "stream closed by the collector" : "stream ended: " + text, false};
  const bool tls = mentions(text, "andshak") || mentions(text, "SSL") || mentions(text, "Ssl") || mentions(text, "ertificate");
  if (tls || mentions(text, "Peer name")) return {"TLS refused: " + text, true};
  if (mentions(text, "ocket closed") || mentions(text, "reset")) {
    return {"connection closed by the collector before TLS was done: full, stopping, or it refused the certificate (" +
                text + ")",
            false};
  }
  if (status.error_code() == grpc::StatusCode::UNAVAILABLE) return {"no TCP: " + text, false};
  return {fmt::format("server said: {}", text.empty() ? "nothing" : text), false};
}

}  // namespace ondol::agent
