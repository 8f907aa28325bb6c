#include "collector/cli/commands/output.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "collector/cli/render/text.h"
#include "common/base/author.h"

namespace ondol::cli {
namespace {

constexpr std::size_t kUsualWidth = 80;

// https://no-color.org: set and not empty means no colour.
bool wants_color() {
  const char* const no_color = std::getenv("NO_COLOR");
  return (no_color == nullptr || *no_color == '\0') && is_terminal();
}

std::string text_of(const Document& document, const Options& options) {
  switch (options.output) {
    case OutputFormat::kTable:
    case OutputFormat::kWide:
      return render_text(document, {options.output == OutputFormat::kWide, !options.no_headers, wants_color()});
    case OutputFormat::kJson: return render_json(document.json);
    case OutputFormat::kYaml: return render_yaml(document.json);
  }
  return {};
}

void write_out(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

ExitCode exit_code_of(Errc code) {
  switch (code) {
    case Errc::kInvalidInput: return ExitCode::kInvalid;
    case Errc::kUnavailable:
    case Errc::kRefused: return ExitCode::kUnreachable;
    case Errc::kNotFound:
    case Errc::kAlreadyExists:
    case Errc::kConflict:
    case Errc::kLimit:
    case Errc::kIo:
    case Errc::kCorrupt:
    case Errc::kUnsupported:
    case Errc::kInterrupted: return ExitCode::kFailed;
  }
  return ExitCode::kFailed;
}

}  // namespace

void write_document(const Document& document, const Options& options) { write_out(text_of(document, options)); }

void write_item(const std::string& line, const Json& json, const Options& options) {
  switch (options.output) {
    case OutputFormat::kTable:
    case OutputFormat::kWide: return write_out(line + "\n");
    case OutputFormat::kJson: return write_out(render_json_line(json));
    case OutputFormat::kYaml: return write_out("---\n" + render_yaml(json));
  }
}

void write_raw(const std::string& text) { write_out(text); }

bool is_terminal() {
  const char* const terminal = std::getenv("TERM");
  return (terminal == nullptr || std::string_view(terminal) != "dumb") && isatty(STDOUT_FILENO) == 1;
}

std::size_t terminal_width() {
  winsize size{};
  const bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : kUsualWidth;
}

void LiveLines::draw(const std::vector<Cell>& lines) {
  erase();
  std::string text;
  for (const Cell& line : lines) text += render_cell(line, {false, true, wants_color()}) + "\n";
  write_out(text);
  drawn_ = lines.size();
}

// Up to the first line, then everything below goes.
void LiveLines::erase() {
  if (drawn_ > 0) write_out("\x1b[" + std::to_string(drawn_) + "A\x1b[J");
  drawn_ = 0;
}

void write_note(const std::string& text) { std::fprintf(stderr, "%s\n", escaped(text).c_str()); }

ExitCode write_error(const Error& error) {
  std::fprintf(stderr, "ondolctl: %s\n", escaped(render(error)).c_str());
  return exit_code_of(error.code);
}

}  // namespace ondol::cli
