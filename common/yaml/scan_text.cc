#include "common/yaml/scan_text.h"

#include <fmt/format.h>

#include "common/yaml/strict_yaml.h"

namespace ondol::yaml {
namespace {

unsigned char byte_at(std::string_view text, std::size_t i) { return static_cast<unsigned char>(text[i]); }

// Bytes of the well-formed UTF-8 sequence at text[i] (RFC 3629: no overlong form, no surrogate), 0 if there is none.
std::size_t utf8_length(std::string_view text, std::size_t i) {
  const unsigned char first = byte_at(text, i);
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (text.size() - i < length) return 0;
  const unsigned char second = byte_at(text, i + 1);
  const unsigned char least = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
  const unsigned char most = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
  if (second < least || second > most) return 0;
  for (std::size_t k = 2; k < length; ++k) {
    if ((byte_at(text, i + k) & 0xc0) != 0x80) return 0;
  }
  return length;
}

bool is_control(std::string_view text, std::size_t i) {
  const unsigned char first = byte_at(text, i);
  if (first == 0xc2) return byte_at(text, i + 1) < 0xa0;  // C1; the caller checked the length
  return (first < 0x20 && first != '\t' && first != '\n') || first == 0x7f;
}

class Scan {
 public:
  Scan(std::string_view text, const std::string& file) : text_(text), file_(file) {}

  Result<void> run() {
    if (text_.starts_with("\xef\xbb\xbf")) {
      return refused("the file starts with a byte order mark", "save it as UTF-8 without a BOM");
    }
    while (i_ < text_.size()) ONDOL_TRY(step());
    return {};
  }

 private:
  Result<void> step() {
    const char c = text_[i_];
    if (c == '\t' && indenting_) return refused("a tab is used for indentation", "indent with spaces");
    if (c == '%' && i_ == line_start_) return refused("YAML directives are not accepted", "remove the line");
    if (c == '\r') return refused("the line does not end in a plain LF", "save the file with LF line ends, not CRLF");
    if (c == '\0') return refused("a NUL byte", "save the file as UTF-8 text");
    const std::size_t length = utf8_length(text_, i_);
    if (length == 0) return refused("invalid UTF-8", "save the file as UTF-8 text");
    if (is_control(text_, i_)) return refused("a control character", "remove it");
    indenting_ = c == '\n' || (indenting_ && c == ' ');
    i_ += length;
    if (c == '\n') {
      ++line_;
      line_start_ = i_;
    }
    return {};
  }

  Result<void> refused(std::string what, std::string remedy) const {
    const Place place{file_, line_, static_cast<int>(i_ - line_start_) + 1};
    return fail(Errc::kInvalidInput, std::move(what), render(place), std::move(remedy));
  }

  std::string_view text_;
  const std::string& file_;
  std::size_t i_ = 0;
  std::size_t line_start_ = 0;
  int line_ = 1;
  bool indenting_ = true;
};

}  // namespace

Result<void> scan_text(std::string_view text, const std::string& file, std::size_t max_bytes) {
  if (text.size() > max_bytes) {
    return fail(Errc::kLimit, fmt::format("the file has more than {} bytes", max_bytes), render(Place{file, 1, 1}),
                "split it into smaller files");
  }
  return Scan(text, file).run();
}

bool is_clean_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = utf8_length(text, i);
    if (length == 0 || is_control(text, i)) return false;
    i += length;
  }
  return true;
}

}  // namespace ondol::yaml
