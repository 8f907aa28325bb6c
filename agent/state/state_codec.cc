#include "agent/state/state_codec.h"

#include "common/base/byte_stream.h"
#include "common/resources/routes/route_codec.h"
#include "common/wire/routes_wire.h"

namespace ondol::agent {
namespace {

constexpr std::uint32_t kMaxObjects = 200'000;  // operations or keys
constexpr std::uint32_t kMaxChanges = 1'000;    // within an hour, or crashes
constexpr std::uint32_t kMaxText = 64u << 20;   // a desired state is the longest

template <typename T>
Result<T> checked(ByteReader& in, T value, const char* what) {
  if (!in.good() || !in.at_end()) return fail(Errc::kCorrupt, std::string("is not a ") + what);
  return value;
}

void put(ByteWriter& out, const trial::ProbeTarget& target) {
  out.u8(static_cast<std::uint8_t>(target.kind));
  out.text(target.name);
  out.text(ondol::render(target.address));
  out.u32(target.port);
}
void get(ByteReader& in, trial::ProbeTarget& target) {
  const std::uint8_t kind = in.u8();
  if (kind < 1 || kind > 5) return in.spoil();
  target.kind = static_cast<trial::ProbeKind>(kind);
  target.name = in.text(256);
  const auto address = parse_address(in.text(64));
  if (!address) return in.spoil();
  target.address = *address;
  target.port = static_cast<std::uint16_t>(in.u32());
}

}  // namespace

std::string encode(const Journal& journal) {
  ByteWriter out;
  out.text(wire::encode(journal.candidate));
  out.u32(static_cast<std::uint32_t>(journal.inverse.size()));
  for (const routes::RouteOp& op : journal.inverse) put(out, op);
  out.text(journal.boot_id);
  out.u64(static_cast<std::uint64_t>(journal.deadline.time_since_epoch().count()));
  out.u32(static_cast<std::uint32_t>(journal.required.size()));
  for (const trial::ProbeTarget& target : journal.required) put(out, target);
  return std::move(out).take();
}

Result<Journal> decode_journal(std::string_view bytes) {
  ByteReader in(bytes);
  Journal journal;
  auto candidate = wire::decode_desired_state(in.text(kMaxText));
  for (std::uint32_t left = in.count(kMaxObjects); left > 0 && in.good(); --left) get(in, journal.inverse.emplace_back());
  journal.boot_id = in.text(128);
  journal.deadline = BootTime{Nanoseconds{static_cast<std::int64_t>(in.u64())}};
  if (!in.at_end()) {  // one written before there were trials ends here
    for (std::uint32_t left = in.count(trial::kMaxProbes); left > 0 && in.good(); --left) get(in, journal.required.emplace_back());
  }
  if (!candidate) return fail(Errc::kCorrupt, "holds no desired state: " + candidate.error().message);
  journal.candidate = std::move(*candidate);
  return checked(in, std::move(journal), "journal");
}

std::string encode(const Ledger& ledger) {
  ByteWriter out;
  out.text(ledger.boot_id);
  out.u32(static_cast<std::uint32_t>(ledger.entries.size()));
  for (const auto& [key, entry] : ledger.entries) {
    put(out, key);
    put(out, entry.value);
    out.u8(entry.made ? 1 : 0);
  }
  return std::move(out).take();
}

Result<Ledger> decode_ledger(std::string_view bytes) {
  ByteReader in(bytes);
  Ledger ledger;
  ledger.boot_id = in.text(128);
  for (std::uint32_t left = in.count(kMaxObjects); left > 0 && in.good(); --left) {
    routes::RouteKey key;
    LedgerEntry entry;
    get(in, key);
    get(in, entry.value);
    entry.made = in.u8() != 0;
    ledger.entries.emplace_hint(ledger.entries.end(), std::move(key), std::move(entry));
  }
  return checked(in, std::move(ledger), "ledger");
}

std::string encode(const Highest& highest) {
  ByteWriter out;
  out.u64(highest.generation.value);
  out.text(highest.revision.value);
  out.u8(highest.settled ? 1 : 0);
  return std::move(out).take();
}

Result<Highest> decode_highest(std::string_view bytes) {
  ByteReader in(bytes);
  Highest highest;
  highest.generation = Generation{in.u64()};
  highest.revision = Revision{std::string(in.text(1024))};
  highest.settled = in.u8() != 0;
  return checked(in, std::move(highest), "highest generation");
}

std::string encode(const std::vector<AppliedChange>& changes) {
  ByteWriter out;
  out.u32(static_cast<std::uint32_t>(changes.size()));
  for (const AppliedChange& change : changes) {
    out.text(change.boot_id);
    out.u64(static_cast<std::uint64_t>(change.at.time_since_epoch().count()));
    out.u32(change.count);
  }
  return std::move(out).take();
}

Result<std::vector<AppliedChange>> decode_changes(std::string_view bytes) {
  ByteReader in(bytes);
  std::vector<AppliedChange> changes;
  for (std::uint32_t left = in.count(kMaxChanges); left > 0 && in.good(); --left) {
    AppliedChange& change = changes.emplace_back();
    change.boot_id = in.text(128);
    change.at = BootTime{Nanoseconds{static_cast<std::int64_t>(in.u64())}};
    change.count = in.u32();
  }
  return checked(in, std::move(changes), "list of changes");
}

std::string encode(const StartRecord& record) {
  ByteWriter out;
  out.u8(record.running ? 1 : 0);
  out.u32(static_cast<std::uint32_t>(record.crashes.size()));
  for (const Crash& crash : record.crashes) {
    out.text(crash.boot_id);
    out.u64(static_cast<std::uint64_t>(crash.noticed.time_since_epoch().count()));
  }
  out.text(record.safe_mode);
  return std::move(out).take();
}

Result<StartRecord> decode_start_record(std::string_view bytes) {
  ByteReader in(bytes);
  StartRecord record;
  record.running = in.u8() != 0;
  for (std::uint32_t left = in.count(kMaxChanges); left > 0 && in.good(); --left) {
    Crash& crash = record.crashes.emplace_back();
    crash.boot_id = in.text(128);
    crash.noticed = BootTime{Nanoseconds{static_cast<std::int64_t>(in.u64())}};
  }
  record.safe_mode = in.text(256);
  return checked(in, std::move(record), "record of starts");
}

}  // namespace ondol::agent
