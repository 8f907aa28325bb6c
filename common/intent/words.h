// A word of a closed list, read from YAML.
#pragma once

#include <fmt/format.h>

#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/nearest_name.h"
#include "common/intent/finding.h"

namespace ondol::intent {

template <typename T>
using Word = std::pair<std::string_view, T>;

// The value of the word, or the fault that names the nearest.
template <typename T>
Checked<T> parse_word(const yaml::Node& node, std::span<const Word<T>> words) {
  const std::string_view text = node.kind == yaml::Kind::kScalar ? std::string_view(node.scalar) : std::string_view();
  std::vector<std::string_view> known;
  for (const auto& [word, value] : words) {
    if (word == text) return value;
    known.push_back(word);
  }
  return fault(node.place, fmt::format("found '{}', expected one of: {}", text.substr(0, 40), fmt::join(known, ", ")),
               suggestion(text, known));
}

}  // namespace ondol::intent
