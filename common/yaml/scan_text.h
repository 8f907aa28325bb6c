// What a YAML text must be before a parser sees it: bounded, UTF-8, LF line ends, spaces for indentation.
#pragma once

#include <string>
#include <string_view>

#include "common/base/result.h"

namespace ondol::yaml {

// Errors: too large, a byte order mark, invalid UTF-8, NUL and other control characters, CR, a tab in indentation, a
// directive line ('%').
Result<void> scan_text(std::string_view text, const std::string& file, std::size_t max_bytes);

// Valid UTF-8 without NUL and control characters other than tab and line feed.
bool is_clean_utf8(std::string_view text);

}  // namespace ondol::yaml
