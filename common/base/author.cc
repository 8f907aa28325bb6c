#include "common/base/author.h"

#include <fmt/format.h>

namespace ondol {
namespace {

// Length of the valid UTF-8 sequence at text[i], 0 if there is none.
std::size_t utf8_length(const std::string& text, std::size_t i) {
  const auto byte = [&](std::size_t k) { return static_cast<unsigned char>(text[k]); };
  const unsigned char first = byte(i);
  std::size_t length = first < 0x80 ? 1 : first >= 0xf0 && first < 0xf5 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
  if (first >= 0xf5 || (first >= 0x80 && first < 0xc2)) length = 0;
  if (length == 0 || i + length > text.size()) return 0;
  for (std::size_t k = 1; k < length; ++k) {
    if ((byte(i + k) & 0xc0) != 0x80) return 0;
  }
  return length;
}

bool is_control(const std::string& text, std::size_t i, std::size_t length) {
  const auto first = static_cast<unsigned char>(text[i]);
  if (length == 1) return first < 0x20 || first == 0x7f;
  return length == 2 && first == 0xc2 && static_cast<unsigned char>(text[i + 1]) < 0xa0;  // C1
}

}  // namespace

std::string escaped(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = utf8_length(text, i);
    if (length == 0 || is_control(text, i, length)) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[i]));
      ++i;
      continue;
    }
    out.append(text, i, length);
    i += length;
  }
  return out;
}

std::string render(const Author& author) {
  const bool named = author.command || author.comm;
  std::string text = named ? "`" + escaped(author.command ? *author.command : *author.comm) + "`" : "unknown process";
  std::string facts;
  const auto add = [&facts](const std::string& fact) { facts += (facts.empty() ? "" : ", ") + fact; };
  if (author.pid) add(fmt::format("pid {}", *author.pid));
  if (author.unit && !author.session) add("unit " + escaped(*author.unit));
  if (author.user) add("user " + escaped(*author.user));
  if (author.session) add(fmt::format("session {}", *author.session));
  if (author.ssh_from) add("from " + escaped(*author.ssh_from));
  return facts.empty() ? text : text + " (" + facts + ")";
}

}  // namespace ondol
