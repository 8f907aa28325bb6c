#include "collector/cli/commands/output.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "collector/cli/render/text.h"
#include "common/base/author.h"

namespace ondol::cli {
namespace {

// https://no-color.org: set and not empty means no colour.
bool wants_color() {
  const char* const no_color = std::getenv("NO_COLOR");
  const char* const terminal = std::getenv("TERM");
  const bool dumb = terminal != nullptr && std::string_view(terminal) == "dumb";
  return (no_color == nullptr || *no_color == '\0') && !dumb && isatty(STDOUT_FILENO) == 1;
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

void write_note(const std::string& text) { std::fprintf(stderr, "%s\n", escaped(text).c_str()); }

ExitCode write_error(const Error& error) {
  std::fprintf(stderr, "ondolctl: %s\n", escaped(render(error)).c_str());
  return exit_code_of(error.code);
}

}  // namespace ondol::cli
