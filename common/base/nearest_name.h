// "Did you mean ...?": the known name that a misspelt one most likely stands for.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ondol {

// The closest of `known` within a third of the longer name's letters (at least one); empty when nothing is near.
// Limits: names longer than 64 bytes are never near.
std::optional<std::string> nearest_name(std::string_view text, const std::vector<std::string_view>& known);

// "did you mean 'via'?" or "known: to, via, dev".
std::string suggestion(std::string_view text, const std::vector<std::string_view>& known);

}  // namespace ondol
