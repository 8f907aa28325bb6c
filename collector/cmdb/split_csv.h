// RFC 4180 text to lines of cells, strictly: what is not a cell is an error with its line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ondol::cmdb {

struct CsvLine {
  std::uint32_t number = 0;         // of its first line in the file, from 1
  std::vector<std::string> cells;   // unquoted
  std::string fault;                // not empty: the line cannot be split, and why
};

// Lines end in LF or CRLF; a quoted cell may hold both. Lines without any text are skipped.
class CsvSplitter {
 public:
  explicit CsvSplitter(std::string_view text) : text_(text) {}
  // Empty at the end.
  std::optional<CsvLine> next();

 private:
  bool at_line_end() const;
  void skip_line_end();
  void skip_to_line_end();
  bool take_cell(CsvLine& line);
  bool take_quoted(CsvLine& line);

  std::string_view text_;
  std::size_t at_ = 0;
  std::uint32_t number_ = 1;
};

}  // namespace ondol::cmdb
