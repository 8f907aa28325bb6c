#include "agent/host/probes/dns_message.h"

#include <fmt/format.h>

#include <array>
#include <optional>

namespace ondol::probes {
namespace {

constexpr std::size_t kHeader = 12;
constexpr std::size_t kMaxLabel = 63, kMaxName = 255;
constexpr std::uint16_t kIsAnswer = 0x8000, kOpcode = 0x7800, kIsCut = 0x0200, kWantsRecursion = 0x0100;
constexpr std::uint16_t kNameServers = 2, kInternet = 1;

void put(std::string& out, std::uint16_t number) {
  out += static_cast<char>(number >> 8);
  out += static_cast<char>(number & 255);
}

std::uint16_t number_at(std::string_view bytes, std::size_t at) {
  if (at + 2 > bytes.size()) return 0;
  return static_cast<std::uint16_t>((static_cast<std::uint8_t>(bytes[at]) << 8) | static_cast<std::uint8_t>(bytes[at + 1]));
}

// Where the name at `at` ends. A pointer ends it and is not followed: where it leads is of no interest here.
std::optional<std::size_t> end_of_name(std::string_view bytes, std::size_t at) {
  for (std::size_t length = 0; length <= kMaxName && at < bytes.size();) {
    const auto label = static_cast<std::uint8_t>(bytes[at]);
    if (label >= 0xc0) return at + 2 <= bytes.size() ? std::optional(at + 2) : std::nullopt;
    if (label > kMaxLabel) return std::nullopt;
    at += label + 1U;
    length += label + 1U;
    if (label == 0) return at;
  }
  return std::nullopt;
}

std::optional<std::size_t> end_of_record(std::string_view bytes, std::size_t at) {
  const auto name = end_of_name(bytes, at);
  constexpr std::size_t kFixed = 10;  // type, class, time to live, length
  if (!name || *name + kFixed > bytes.size()) return std::nullopt;
  const std::size_t end = *name + kFixed + number_at(bytes, *name + kFixed - 2);
  return end <= bytes.size() ? std::optional(end) : std::nullopt;
}

// Every record takes eleven bytes at least, so the walk ends with the message whatever the counts say.
bool holds_records(std::string_view bytes, std::size_t at) {
  const std::size_t count = std::size_t{number_at(bytes, 6)} + number_at(bytes, 8) + number_at(bytes, 10);
  for (std::size_t i = 0; i < count; ++i) {
    const auto end = end_of_record(bytes, at);
    if (!end) return false;
    at = *end;
  }
  return at == bytes.size();
}

}  // namespace

Result<std::string> encode_dns_query(std::uint16_t id, std::string_view name) {
  std::string query;
  put(query, id);
  put(query, kWantsRecursion);
  put(query, 1);
  query.append(6, '\0');
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.size() > kMaxName - 2) return fail(Errc::kInvalidInput, "the name is too long");
  while (!name.empty()) {
    const std::string_view label = name.substr(0, name.find('.'));
    if (label.empty() || label.size() > kMaxLabel) return fail(Errc::kInvalidInput, "not a name of the DNS");
    query += static_cast<char>(label.size());
    query += label;
    name.remove_prefix(std::min(name.size(), label.size() + 1));
  }
  query += '\0';
  put(query, kNameServers);
  put(query, kInternet);
  return query;
}

Result<DnsAnswer> decode_dns_answer(std::string_view query, std::string_view bytes) {
  if (bytes.size() < kHeader || bytes.size() > kMaxDnsMessage) return fail(Errc::kCorrupt, "not a DNS message");
  const std::uint16_t flags = number_at(bytes, 2);
  if (number_at(bytes, 0) != number_at(query, 0) || (flags & kIsAnswer) == 0 || (flags & kOpcode) != 0) {
    return fail(Errc::kCorrupt, "not an answer to this query");
  }
  DnsAnswer answer{static_cast<std::uint8_t>(flags & 15), number_at(bytes, 6), (flags & kIsCut) != 0};
  const std::uint16_t questions = number_at(bytes, 4);
  // A server that cannot read the query may answer with a header alone.
  if (questions == 0 && answer.code != 0 && bytes.size() == kHeader && answer.answers == 0) return answer;
  const std::string_view asked = query.substr(std::min(query.size(), kHeader));
  if (questions != 1 || bytes.substr(kHeader, asked.size()) != asked) {
    return fail(Errc::kCorrupt, "the answer is to another question");
  }
  if (!answer.is_cut && !holds_records(bytes, kHeader + asked.size())) {
    return fail(Errc::kCorrupt, "the answer's records are malformed");
  }
  return answer;
}

std::string render(const DnsAnswer& answer) {
  static constexpr std::array<std::string_view, 6> kNames{"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"};
  const std::string code =
      answer.code < kNames.size() ? std::string(kNames[answer.code]) : fmt::format("code {}", answer.code);
  return fmt::format("{} with {} records{}", code, answer.answers, answer.is_cut ? " (cut)" : "");
}

}  // namespace ondol::probes
