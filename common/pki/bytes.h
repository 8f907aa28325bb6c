// Bytes that secrets need: random ones, a comparison that tells nothing by its time, base64url without
// padding.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/digest.h"

namespace ondol::pki {

// From the kernel-seeded generator; a generator that fails is a broken invariant and aborts.
std::string random_bytes(std::size_t count);

// False at once when the sizes differ; otherwise the time depends on the size only.
bool constant_time_equal(std::string_view a, std::string_view b);

std::string render_base64url(std::string_view bytes);
// Strict: no padding, no white space, spare bits zero. One text per value.
std::optional<std::string> parse_base64url(std::string_view text);

// 64 digits, lower or upper case.
std::optional<Sha256> parse_sha256_hex(std::string_view text);

}  // namespace ondol::pki
