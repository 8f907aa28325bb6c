#include "common/rpc/turn_away.h"

#include <atomic>
#include <charconv>
#include <cmath>

namespace ondol::rpc {
namespace {

constexpr int kSteps = 32, kFirstAlert = 224;
constexpr int kReasonOfAlertZero = 1000;  // OpenSSL's SSL_AD_REASON_OFFSET
constexpr double kLeastMs = 100;
constexpr std::string_view kReason = "reason(";

std::atomic<std::int64_t> told_ms{0};

Milliseconds step(int number) { return Milliseconds{std::llround(kLeastMs * std::exp2(number / 3.0))}; }

}  // namespace

TurnAway encode_turn_away(Milliseconds after) {
  int number = 0;
  while (number + 1 < kSteps && step(number) < after) ++number;
  return {21, 3, 3, 0, 2, 2, static_cast<std::uint8_t>(kFirstAlert + number)};  // alert, TLS 1.2 as in all records, fatal
}

std::optional<Milliseconds> parse_turn_away(std::string_view text) {
  const auto found = text.find(kReason);
  if (found == std::string_view::npos) return std::nullopt;
  int reason = 0;
  const auto read = std::from_chars(text.data() + found + kReason.size(), text.data() + text.size(), reason);
  const int number = reason - kReasonOfAlertZero - kFirstAlert;
  if (read.ec != std::errc{} || number < 0 || number >= kSteps) return std::nullopt;
  return step(number);
}

void note_turn_away(std::string_view line) {
  if (const auto after = parse_turn_away(line)) told_ms = after->count();
}

std::optional<Milliseconds> take_turn_away() {
  const std::int64_t told = told_ms.exchange(0);
  return told > 0 ? std::optional(Milliseconds{told}) : std::nullopt;
}

}  // namespace ondol::rpc
