// One rtnetlink request, written attribute by attribute. Pure.
#pragma once

#include <linux/netlink.h>

#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "agent/host/routes/decode_rtnetlink.h"

namespace ondol::preflight {

class Request {
 public:
  template <typename Fixed>
  Request(std::uint16_t type, std::uint16_t flags, const Fixed& fixed) {
    nlmsghdr header{};
    header.nlmsg_type = type;
    header.nlmsg_flags = static_cast<std::uint16_t>(flags | NLM_F_REQUEST);
    append(&header, sizeof(header));
    append(&fixed, sizeof(fixed));
  }

  void put(std::uint16_t type, const void* data, std::size_t size) {
    const nlattr header{static_cast<std::uint16_t>(sizeof(nlattr) + size), type};
    append(&header, sizeof(header));
    append(data, size);
  }
  void put(std::uint16_t type, routes::Bytes data) { put(type, data.data(), data.size()); }
  template <typename Number>
  void put_number(std::uint16_t type, Number number) {
    put(type, &number, sizeof(number));
  }
  void put_name(std::uint16_t type, std::string_view name) {
    std::vector<char> text(name.begin(), name.end());
    text.push_back('\0');
    put(type, text.data(), text.size());
  }

  // A nested attribute: everything put until close() is inside it.
  std::size_t open(std::uint16_t type) {
    const std::size_t at = bytes_.size();
    const nlattr header{0, static_cast<std::uint16_t>(type | NLA_F_NESTED)};
    append(&header, sizeof(header));
    return at;
  }
  void close(std::size_t at) {
    const auto length = static_cast<std::uint16_t>(bytes_.size() - at);
    std::memcpy(bytes_.data() + at, &length, sizeof(length));
  }
  template <typename Fixed>
  void append_fixed(const Fixed& fixed) {  // a header inside a nested attribute
    append(&fixed, sizeof(fixed));
  }

  void set_type(std::uint16_t type, std::uint16_t flags) {
    nlmsghdr header = this->header();
    header.nlmsg_type = type;
    header.nlmsg_flags = static_cast<std::uint16_t>(flags | NLM_F_REQUEST);
    std::memcpy(bytes_.data(), &header, sizeof(header));
  }
  nlmsghdr header() const {
    nlmsghdr header{};
    std::memcpy(&header, bytes_.data(), sizeof(header));
    return header;
  }
  // Without the netlink header: equal bodies ask for the same thing.
  std::vector<std::uint8_t> body() const { return {bytes_.begin() + sizeof(nlmsghdr), bytes_.end()}; }
  std::size_t size() const { return bytes_.size(); }

  // Appends to a batch, numbered.
  void write_to(std::vector<std::uint8_t>& batch, std::uint32_t sequence, bool acknowledge) const {
    nlmsghdr header = this->header();
    header.nlmsg_len = static_cast<std::uint32_t>(bytes_.size());
    header.nlmsg_seq = sequence;
    if (acknowledge) header.nlmsg_flags |= NLM_F_ACK;
    const auto* start = reinterpret_cast<const std::uint8_t*>(&header);
    batch.insert(batch.end(), start, start + sizeof(header));
    batch.insert(batch.end(), bytes_.begin() + sizeof(nlmsghdr), bytes_.end());
  }

 private:
  void append(const void* data, std::size_t size) {
    const auto* bytes = static_cast<const std::uint8_t*>(data);
    bytes_.insert(bytes_.end(), bytes, bytes + size);
    bytes_.resize(NLMSG_ALIGN(bytes_.size()));
  }

  std::vector<std::uint8_t> bytes_;
};

}  // namespace ondol::preflight
