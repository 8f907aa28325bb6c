// Replies of a collector, written by hand, and the moment at which the tests look at them.
#pragma once

#include "common/base/clock.h"
#include "common/resources/routes/route.h"
#include "common/wire/routes_wire.h"
#include "ondol/v1/admin.pb.h"

namespace ondol::cli {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kTenOClock = 1'795'168'800 * kSecond;  // 2026-11-20T10:00:00Z
inline const WallTime kNow = wall_from_unix_ns(kTenOClock + 600 * kSecond);

inline v1::RouteKey wire_key(std::string_view to) {
  routes::RouteKey key;
  key.destination = parse_prefix(to).value();
  return wire::to_wire(key);
}

inline v1::RouteValue wire_value(std::string_view via, std::string_view dev = "") {
  routes::RouteValue value;
  value.nexthops.push_back({parse_address(via).value(), routes::InterfaceName::make(dev).value(), 1, false, {}});
  return wire::to_wire(value);
}

inline v1::Author kim() {
  v1::Author author;
  author.set_pid(4121);
  author.set_comm("ip");
  author.set_command("ip route del 10.20.0.0/16");
  author.set_user("kim");
  author.set_session(12);
  author.set_ssh_from("10.0.0.5");
  return author;
}

// Removed by kim at 10:02:11 and back 0.2 ms later.
inline v1::Drift repaired_drift() {
  v1::Drift drift;
  drift.set_id(7);
  drift.set_host("pay-web-01");
  drift.set_type(v1::RESOURCE_TYPE_ROUTES);
  *drift.mutable_key() = wire_key("10.20.0.0/16");
  drift.set_key_text("10.20.0.0/16 table main metric 0");
  drift.set_kind(v1::DRIFT_KIND_MISSING);
  drift.set_state(v1::ROUTE_STATE_MISSING);
  drift.set_opened_unix_ns(kTenOClock + 131 * kSecond);
  drift.set_closed_unix_ns(kTenOClock + 131 * kSecond + 1);
  drift.set_happened_unix_ns(kTenOClock + 131 * kSecond);
  *drift.mutable_author() = kim();
  drift.set_count(1);
  drift.set_outcome("repaired");
  drift.set_repair_latency_ns(200'000);
  *drift.mutable_desired() = wire_value("10.0.0.1");
  return drift;
}

// A hand-made route that nobody saw being made.
inline v1::Drift extra_drift() {
  v1::Drift drift;
  drift.set_id(8);
  drift.set_host("pay-web-02");
  drift.set_type(v1::RESOURCE_TYPE_ROUTES);
  *drift.mutable_key() = wire_key("10.99.0.0/16");
  drift.set_kind(v1::DRIFT_KIND_EXTRA);
  drift.set_opened_unix_ns(kTenOClock);
  drift.set_count(3);
  drift.set_outcome("open");
  *drift.mutable_observed() = wire_value("10.0.0.9", "eth0");
  return drift;
}

inline v1::HostSummary online_host() {
  v1::HostSummary host;
  host.mutable_record()->set_name("pay-web-01");
  host.mutable_record()->set_cluster("seoul-1");
  host.mutable_record()->set_owner("김 팀");
  host.set_liveness(v1::LIVENESS_ONLINE);
  host.set_last_seen_unix_ns(unix_ns(kNow) - 3 * kSecond);
  host.set_observed_unix_ns(unix_ns(kNow) - 240 * kSecond);
  host.set_trouble(v1::TROUBLE_BLOCKED);
  host.set_trouble_reason("held");
  host.set_routes(2'000);
  host.set_drift_extra(2);
  host.set_session_id("s1");
  host.set_agent_version("0.1.0");
  v1::FourNumbers* const numbers = host.add_numbers();
  numbers->set_type(v1::RESOURCE_TYPE_ROUTES);
  numbers->set_mode(v1::MODE_ENFORCE);
  numbers->set_offered(7);
  numbers->set_received(7);
  numbers->set_applied(6);
  numbers->set_running(6);
  numbers->set_blocked("held");
  return host;
}

inline v1::HostSummary unknown_host() {
  v1::HostSummary host;
  host.mutable_record()->set_name("h2");
  host.set_liveness(v1::LIVENESS_SILENT);
  host.set_silence_reason("no_tcp");
  host.set_trouble(v1::TROUBLE_SILENT);
  host.set_trouble_reason("no_tcp");
  host.set_last_seen_unix_ns(unix_ns(kNow) - 3 * 86'400 * kSecond);
  return host;
}

}  // namespace ondol::cli
