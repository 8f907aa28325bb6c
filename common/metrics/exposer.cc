#include "common/metrics/exposer.h"

#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <cstring>
#include <exception>
#include <optional>
#include <vector>

namespace ondol::metrics {
namespace {

struct Endpoint {
  std::string host, port;
};

std::optional<Endpoint> parse_endpoint(const std::string& listen) {
  const auto colon = listen.rfind(':');
  if (colon == std::string::npos || colon == 0) return std::nullopt;
  Endpoint endpoint{listen.substr(0, colon), listen.substr(colon + 1)};
  std::uint16_t port = 0;
  const char* end = endpoint.port.data() + endpoint.port.size();
  const auto parsed = std::from_chars(endpoint.port.data(), end, port);
  if (parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
  if (endpoint.host.front() == '[' && endpoint.host.back() == ']') {
    endpoint.host = endpoint.host.substr(1, endpoint.host.size() - 2);
  }
  return endpoint;
}

// The library says only that binding failed; the kernel says why.
std::string read_bind_failure(const Endpoint& endpoint) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (getaddrinfo(endpoint.host.c_str(), endpoint.port.c_str(), &hints, &found) != 0) return "not a numeric address";
  const int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool bound = fd >= 0 && bind(fd, found->ai_addr, found->ai_addrlen) == 0 && listen(fd, 1) == 0;
  const std::string reason = bound ? "the address was busy" : std::strerror(errno);
  if (fd >= 0) close(fd);
  freeaddrinfo(found);
  return reason;
}

std::unique_ptr<prometheus::Exposer> bind_server(const std::string& listen) {
  try {
    return std::make_unique<prometheus::Exposer>(std::vector<std::string>{
        "listening_ports", listen, "num_threads", "1", "request_timeout_ms", "5000"});
  } catch (const std::exception&) {
    return nullptr;
  }
}

}  // namespace

Exposer::Exposer(std::unique_ptr<prometheus::Exposer> server)
    : registry_(std::make_shared<prometheus::Registry>()), server_(std::move(server)) {
  server_->RegisterCollectable(registry_);
}

Result<std::unique_ptr<Exposer>> Exposer::open(const std::string& listen, const std::string& program,
                                               const std::string& version) {
  const auto endpoint = parse_endpoint(listen);
  if (!endpoint) {
    return fail(Errc::kInvalidInput, "metrics.listen is not address:port", listen, "write it like 127.0.0.1:9790");
  }
  auto server = bind_server(listen);
  if (!server) {
    return fail(Errc::kUnavailable, "cannot serve metrics here: " + read_bind_failure(*endpoint), listen,
                fmt::format("see who holds the port with: ss -ltnp 'sport = :{}'; or set metrics.listen to a free address",
                            endpoint->port));
  }
  std::unique_ptr<Exposer> exposer(new Exposer(std::move(server)));
  exposer->gauges(kBuildInfo).Add({{"program", program}, {"version", version}}).Set(1);
  return exposer;
}

prometheus::Family<prometheus::Counter>& Exposer::counters(const Metric& metric) {
  return prometheus::BuildCounter().Name(std::string(metric.name)).Help(std::string(metric.help)).Register(*registry_);
}

prometheus::Family<prometheus::Gauge>& Exposer::gauges(const Metric& metric) {
  return prometheus::BuildGauge().Name(std::string(metric.name)).Help(std::string(metric.help)).Register(*registry_);
}

prometheus::Family<prometheus::Histogram>& Exposer::histograms(const Metric& metric) {
  return prometheus::BuildHistogram().Name(std::string(metric.name)).Help(std::string(metric.help)).Register(*registry_);
}

std::uint16_t Exposer::port() const { return static_cast<std::uint16_t>(server_->GetListeningPorts().front()); }

}  // namespace ondol::metrics
