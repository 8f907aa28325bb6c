// Two texts compared line by line.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ondol::intent {

inline constexpr std::size_t kNoLine = static_cast<std::size_t>(-1);

std::vector<std::string_view> split_lines(std::string_view text);  // without their ends

// For each line of `to` the line of `from` that it is, or kNoLine; ascending.
// Limits: after 1,000 insertions and deletions the rest counts as rewritten.
std::vector<std::size_t> match_lines(const std::vector<std::string_view>& from,
                                     const std::vector<std::string_view>& to);

struct LineDiff {
  std::string text;        // hunks of a unified diff, three lines of context; empty when the texts are equal
  bool truncated = false;  // `most_bytes` were not enough
};
LineDiff diff_lines(std::string_view from, std::string_view to, std::size_t most_bytes);

// Who wrote each line of a file, told by its older versions one after the other.
// Thread: one.
class LineBlame {
 public:
  explicit LineBlame(std::string newest);  // version 0
  void add_older(std::string content);     // version 1, 2, ...; the empty text where there was no such file
  bool is_settled() const { return open_ == 0; }
  // The newest version that wrote one of the lines (from 1, both included); empty lines beyond the end are
  // version 0.
  std::size_t version_of(int first_line, int last_line) const;
  std::string_view line(int number) const;  // from 1; empty beyond the end

 private:
  std::string newest_, older_;
  std::vector<std::pair<std::size_t, std::size_t>> spans_;  // of each line of the newest: start and length
  std::vector<std::size_t> place_;   // line of the newest -> line of the oldest version seen, or kNoLine
  std::vector<std::size_t> writer_;  // line of the newest -> oldest version that has it
  std::size_t version_ = 0;
  std::size_t open_ = 0;  // lines that the oldest version seen has
};

}  // namespace ondol::intent
