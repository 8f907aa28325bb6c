// A document as text: aligned tables for people, JSON or YAML for programs.
#pragma once

#include <string>
#include <string_view>

#include "collector/cli/render/document.h"

namespace ondol::cli {

struct TextStyle {
  bool wide = false;
  bool headers = true;
  bool color = false;
};

// Control characters are escaped, columns are aligned by what a terminal shows (wide East Asian letters take two).
std::string render_text(const Document& document, const TextStyle& style);
std::string render_cell(const Cell& cell, const TextStyle& style);
// Escaped, and cut with "..." to what fits into `columns` of a terminal.
std::string fit(const std::string& text, std::size_t columns);

// Two spaces deep, ends in a newline; control characters that JSON lets through are escaped as well.
std::string render_json(const Json& json);
std::string render_json_line(const Json& json);
std::string render_yaml(const Json& json);

}  // namespace ondol::cli
