#include "collector/cmdb/split_csv.h"

#include <algorithm>

namespace ondol::cmdb {
namespace {

constexpr std::size_t kMaxCells = 64;  // in a line; the header has ten

}  // namespace

bool CsvSplitter::at_line_end() const {
  return at_ >= text_.size() || text_[at_] == '\n' || text_.substr(at_, 2) == "\r\n";
}

void CsvSplitter::skip_line_end() {
  if (at_ < text_.size()) at_ += text_[at_] == '\r' ? 2 : 1;
  ++number_;
}

void CsvSplitter::skip_to_line_end() {
  at_ = std::min(text_.find('\n', at_), text_.size());
}

std::optional<CsvLine> CsvSplitter::next() {
  while (at_ < text_.size() && at_line_end()) skip_line_end();
  if (at_ >= text_.size()) return std::nullopt;
  CsvLine line;
  line.number = number_;
  bool more = true;
  while (more && line.fault.empty()) {
    more = take_cell(line);
    if (line.cells.size() > kMaxCells) line.fault = "the line has too many cells; write one host in a line";
  }
  if (!line.fault.empty()) skip_to_line_end();
  skip_line_end();
  return line;
}

// Whether another cell follows.
bool CsvSplitter::take_cell(CsvLine& line) {
  if (at_ < text_.size() && text_[at_] == '"') {
    if (!take_quoted(line)) return false;
  } else {
    const auto end = std::min(text_.find_first_of(",\n", at_), text_.size());
    std::string_view cell = text_.substr(at_, end - at_);
    if (end < text_.size() && text_[end] == '\n' && cell.ends_with('\r')) cell.remove_suffix(1);
    if (cell.find('"') != std::string_view::npos) {
      line.fault = "a quote inside a value that is not quoted; write the value in quotes and each quote in it twice";
      return false;
    }
    line.cells.emplace_back(cell);
    at_ += cell.size();
  }
  if (at_line_end()) return false;
  if (text_[at_] != ',') {
    line.fault = "text after a closing quote; write a comma, or each quote in the value twice";
    return false;
  }
  ++at_;
  return true;
}

bool CsvSplitter::take_quoted(CsvLine& line) {
  std::string cell;
  for (std::size_t i = at_ + 1; i < text_.size(); ++i) {
    const char c = text_[i];
    if (c == '"') {
      if (i + 1 >= text_.size() || text_[i + 1] != '"') {
        at_ = i + 1;
        line.cells.push_back(std::move(cell));
        return true;
      }
      ++i;
    }
    if (c == '\n') ++number_;
    cell += c;
  }
  line.fault = "a quote is opened and never closed; close it, or write it twice";
  at_ = text_.size();
  return false;
}

}  // namespace ondol::cmdb
