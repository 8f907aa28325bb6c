// Just enough of DNS to tell that a name server answers (RFC 1035). Pure; any bytes may be given.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace ondol::probes {

inline constexpr std::size_t kMaxDnsMessage = 4096;  // bytes; without EDNS a server sends 512 at most

// Asks for the name servers of `name`; "." is the root. kInvalidInput for what is no name.
Result<std::string> encode_dns_query(std::uint16_t id, std::string_view name = ".");

struct DnsAnswer {
  std::uint8_t code = 0;  // RCODE: 0 = no error, 2 = server failure, 3 = no such name, 5 = refused
  std::uint16_t answers = 0;
  bool is_cut = false;    // there was more than fitted
  bool operator==(const DnsAnswer&) const = default;
};
// Errors: kCorrupt unless it is a whole answer to exactly `query`.
Result<DnsAnswer> decode_dns_answer(std::string_view query, std::string_view bytes);

std::string render(const DnsAnswer& answer);  // "NOERROR with 13 records"

}  // namespace ondol::probes
