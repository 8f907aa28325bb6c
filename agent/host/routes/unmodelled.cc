#include "agent/host/routes/unmodelled.h"

#include <linux/rtnetlink.h>

#include <algorithm>
#include <cstring>

namespace ondol::routes {
namespace {

constexpr std::size_t kMaxText = 256;

bool is_zero(Bytes data) {
  return std::ranges::all_of(data, [](std::uint8_t byte) { return byte == 0; });
}

// Use counts and ages are no attributes; that the route expires is one.
bool expires(Bytes data) {
  rta_cacheinfo info{};
  if (data.size() < sizeof(info)) return false;
  std::memcpy(&info, data.data(), sizeof(info));
  return info.rta_expires != 0;
}

}  // namespace

void append_hex(std::string& out, Bytes data) {
  static constexpr char kDigits[] = "0123456789abcdef";
  out.reserve(out.size() + data.size() * 2);
  for (const std::uint8_t byte : data) {
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
}

void Unmodelled::take(const Attribute& attribute) {
  switch (attribute.type) {
    case RTA_OIF:
    case RTA_GATEWAY:
    case RTA_VIA:
    case RTA_ENCAP_TYPE:
    case RTA_ENCAP:
    case RTA_PAD:
      return;
    case RTA_CACHEINFO:
      if (expires(attribute.data)) add({RTA_CACHEINFO}, {});
      return;
    case RTA_PREF:
      if (is_zero(attribute.data)) return;  // medium
      break;
    default:
      break;
  }
  add({static_cast<std::uint8_t>(attribute.type)}, attribute.data);
}

void Unmodelled::take_metric(const Attribute& metric) {
  add({RTA_METRICS, static_cast<std::uint8_t>(metric.type)}, metric.data);
}

std::string Unmodelled::text() {
  std::ranges::sort(pieces_);
  std::string all;
  for (const std::string& piece : pieces_) all += piece;
  if (all.size() > kMaxText) all.resize(kMaxText);
  return all;
}

void Unmodelled::add(std::initializer_list<std::uint8_t> name, Bytes data) {
  append_hex(pieces_.emplace_back(), {name.begin(), name.size()});
  append_hex(pieces_.back(), data);
}

}  // namespace ondol::routes
