#include "collector/store/check_write.h"

#include <fmt/format.h>

namespace ondol::store {
namespace {

Result<void> check_number(std::uint64_t number, const char* what) {
  if (number <= kMaxNumber) return {};
  return fail(Errc::kInvalidInput, fmt::format("{} {} is out of range", what, number));
}

Result<void> check_events(const AppendEvents& write) {
  std::uint64_t previous = 0;
  for (const EventRow& row : write.rows) {
    if (row.host != write.host) return fail(Errc::kInvalidInput, "event of another host in a batch of " + write.host.value);
    if (row.sequence.value <= previous) return fail(Errc::kInvalidInput, "event sequences do not ascend from 1");
    previous = row.sequence.value;
  }
  ONDOL_TRY(check_number(previous, "event sequence"));
  return check_number(write.lost, "count of lost events");
}

}  // namespace

Result<void> check_write(const Write& write) {
  if (const auto* put = std::get_if<PutDesired>(&write)) return check_number(put->row.generation.value, "generation");
  if (const auto* put = std::get_if<PutDrift>(&write)) return check_number(put->row.id.value, "drift id");
  if (const auto* append = std::get_if<AppendEvents>(&write)) return check_events(*append);
  return {};
}

std::string position_in_batch(std::size_t index) { return fmt::format("write {}", index); }

}  // namespace ondol::store
