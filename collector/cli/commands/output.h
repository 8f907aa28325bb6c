// The one place where ondolctl writes: documents to standard output, errors and notes to standard error.
#pragma once

#include <string>
#include <vector>

#include "collector/cli/commands/options.h"
#include "collector/cli/render/document.h"

namespace ondol::cli {

void write_document(const Document& document, const Options& options);
// One item of a stream, written at once: a line, a JSON line, or a YAML document.
void write_item(const std::string& line, const Json& json, const Options& options);
void write_raw(const std::string& text);  // ours, not a host's: a script, say

// Standard output is a terminal that obeys cursor movements.
bool is_terminal();
std::size_t terminal_width();  // columns; 80 when it does not say

// Lines at the bottom of a terminal that are drawn over each time. For is_terminal() only.
class LiveLines {
 public:
  void draw(const std::vector<Cell>& lines);  // each no wider than the terminal
  void erase();

 private:
  std::size_t drawn_ = 0;
};

void write_note(const std::string& text);
// Says what, where and the remedy; the exit code that belongs to it.
ExitCode write_error(const Error& error);

}  // namespace ondol::cli
