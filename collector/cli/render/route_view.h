// Routes, authors and enum words from the wire, as text and as JSON.
#pragma once

#include <string>
#include <string_view>

#include "collector/cli/render/document.h"
#include "ondol/v1/resources.pb.h"

namespace ondol::cli {

// "LIVENESS_ONLINE" without "LIVENESS_" in lower case; "" for UNSPECIFIED, "unknown" for a number this build lacks.
std::string enum_word(const std::string& name, std::string_view prefix);

std::string key_text(const v1::RouteKey& key);        // "10.20.0.0/16 table main metric 0"
std::string value_text(const v1::RouteValue& value);  // "via 10.0.0.1 dev eth0"
std::string author_text(const v1::Author& author);    // "`ip route del ...` (pid 4121, user kim, ...)"

Json key_json(const v1::RouteKey& key);
Json value_json(const v1::RouteValue& value);
// Always all seven fields; what is unknown is null.
Json author_json(const v1::Author& author);

}  // namespace ondol::cli
