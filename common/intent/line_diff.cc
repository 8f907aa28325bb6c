#include "common/intent/line_diff.h"

#include <fmt/format.h>

#include <algorithm>

namespace ondol::intent {
namespace {

constexpr int kMostEdits = 1'000;
constexpr std::size_t kContext = 3;

using Lines = std::vector<std::string_view>;

// Myers' greedy search, with what it reached kept for each number of edits.
class EditSearch {
 public:
  EditSearch(const Lines& from, const Lines& to, std::size_t prefix, std::size_t suffix)
      : from_(from),
        to_(to),
        offset_(prefix),
        n_(static_cast<int>(from.size() - prefix - suffix)),
        m_(static_cast<int>(to.size() - prefix - suffix)) {}

  // Marks in `match` what stays; false when there are too many edits.
  bool run(std::vector<std::size_t>& match) {
    const int most = std::min(n_ + m_, kMostEdits);
    std::vector<int> reached(static_cast<std::size_t>(2 * most) + 3, 0);
    const auto at = [&reached, most](int k) -> int& {
      return reached[static_cast<std::size_t>(k + most + 1)];
    };
    for (int edits = 0; edits <= most; ++edits) {
      trace_.push_back(reached);
      for (int k = -edits; k <= edits; k += 2) {
        const bool down = k == -edits || (k != edits && at(k - 1) < at(k + 1));
        const int x = slide(down ? at(k + 1) : at(k - 1) + 1, k);
        at(k) = x;
        if (x < n_ || x - k < m_) continue;
        back(edits, most, match);
        return true;
      }
    }
    return false;
  }

 private:
  int slide(int x, int k) const {
    while (x < n_ && x - k < m_ && same(x, x - k)) ++x;
    return x;
  }
  bool same(int x, int y) const {
    return from_[offset_ + static_cast<std::size_t>(x)] == to_[offset_ + static_cast<std::size_t>(y)];
  }

  void back(int edits, int most, std::vector<std::size_t>& match) const {
    int x = n_, y = m_;
    for (int d = edits; d >= 0; --d) {
      const auto& reached = trace_[static_cast<std::size_t>(d)];
      const auto at = [&reached, most](int k) { return reached[static_cast<std::size_t>(k + most + 1)]; };
      const int k = x - y;
      const bool down = k == -d || (k != d && at(k - 1) < at(k + 1));
      const int before_x = d == 0 ? 0 : down ? at(k + 1) : at(k - 1);
      const int before_y = d == 0 ? 0 : before_x - (down ? k + 1 : k - 1);
      while (x > before_x && y > before_y && same(x - 1, y - 1)) {
        --x, --y;
        match[offset_ + static_cast<std::size_t>(y)] = offset_ + static_cast<std::size_t>(x);
      }
      x = before_x, y = before_y;
    }
  }

  const Lines& from_;
  const Lines& to_;
  std::size_t offset_;
  int n_, m_;
  std::vector<std::vector<int>> trace_;
};

struct Step {
  char mark;  // ' ', '-', '+'
  std::size_t from, to;
  std::string_view line;
};

std::vector<Step> steps_of(const Lines& from, const Lines& to) {
  const auto match = match_lines(from, to);
  std::vector<std::size_t> next(to.size() + 1, from.size());  // the next line of `from` that stays
  for (std::size_t right = to.size(); right-- > 0;)
    next[right] = match[right] == kNoLine ? next[right + 1] : match[right];
  std::vector<Step> steps;
  std::size_t left = 0;
  for (std::size_t right = 0; right < to.size(); ++right) {
    for (; left < next[right]; ++left) steps.push_back({'-', left, right, from[left]});
    if (match[right] == kNoLine) {
      steps.push_back({'+', left, right, to[right]});
    } else {
      steps.push_back({' ', left++, right, to[right]});
    }
  }
  for (; left < from.size(); ++left) steps.push_back({'-', left, to.size(), from[left]});
  return steps;
}

std::string hunk_text(const std::vector<Step>& steps, std::size_t first, std::size_t last) {
  std::size_t removed = 0, added = 0;
  std::string text;
  for (std::size_t i = first; i < last; ++i) {
    removed += steps[i].mark != '+';
    added += steps[i].mark != '-';
    text += steps[i].mark;
    text += steps[i].line;
    text += '\n';
  }
  const std::size_t from = steps[first].from + (removed == 0 ? 0 : 1),
                    to = steps[first].to + (added == 0 ? 0 : 1);
  return fmt::format("@@ -{},{} +{},{} @@\n", from, removed, to, added) + text;
}

}  // namespace

std::vector<std::string_view> split_lines(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::vector<std::size_t> match_lines(const Lines& from, const Lines& to) {
  const std::size_t shorter = std::min(from.size(), to.size());
  std::size_t prefix = 0, suffix = 0;
  while (prefix < shorter && from[prefix] == to[prefix]) ++prefix;
  while (suffix < shorter - prefix && from[from.size() - 1 - suffix] == to[to.size() - 1 - suffix]) ++suffix;
  std::vector<std::size_t> match(to.size(), kNoLine);
  for (std::size_t i = 0; i < prefix; ++i) match[i] = i;
  for (std::size_t i = 0; i < suffix; ++i) match[to.size() - 1 - i] = from.size() - 1 - i;
  if (prefix + suffix < shorter) EditSearch(from, to, prefix, suffix).run(match);
  return match;
}

LineDiff diff_lines(std::string_view from, std::string_view to, std::size_t most_bytes) {
  const std::vector<Step> steps = steps_of(split_lines(from), split_lines(to));
  LineDiff diff;
  std::size_t i = 0;
  while (true) {
    while (i < steps.size() && steps[i].mark == ' ') ++i;
    if (i == steps.size()) return diff;
    const std::size_t first = i < kContext ? 0 : i - kContext;
    std::size_t last = i;  // one past the last edit of this hunk
    for (; i < steps.size() && i <= last + 2 * kContext; ++i) {
      if (steps[i].mark != ' ') last = i + 1;
    }
    i = last;
    const std::string hunk = hunk_text(steps, first, std::min(last + kContext, steps.size()));
    diff.truncated = diff.text.size() + hunk.size() > most_bytes;
    if (diff.truncated) return diff;
    diff.text += hunk;
  }
}

LineBlame::LineBlame(std::string newest) : newest_(std::move(newest)), older_(newest_) {
  for (const std::string_view line : split_lines(newest_)) {
    spans_.emplace_back(static_cast<std::size_t>(line.data() - newest_.data()), line.size());
    place_.push_back(place_.size());
  }
  open_ = place_.size();
  writer_.assign(open_, 0);
}

void LineBlame::add_older(std::string content) {
  ++version_;
  const bool is_same = content == older_;
  const auto match =
      is_same ? std::vector<std::size_t>{} : match_lines(split_lines(content), split_lines(older_));
  for (std::size_t i = 0; i < place_.size(); ++i) {
    if (place_[i] == kNoLine) continue;
    if (!is_same) place_[i] = match[place_[i]];
    if (place_[i] == kNoLine) {
      --open_;
    } else {
      writer_[i] = version_;
    }
  }
  older_ = std::move(content);
}

std::size_t LineBlame::version_of(int first_line, int last_line) const {
  std::size_t newest = kNoLine;
  for (int line = std::max(first_line, 1); line <= last_line; ++line) {
    const auto index = static_cast<std::size_t>(line - 1);
    newest = std::min(newest, index < writer_.size() ? writer_[index] : 0);
  }
  return newest == kNoLine ? 0 : newest;
}

std::string_view LineBlame::line(int number) const {
  if (number < 1 || static_cast<std::size_t>(number) > spans_.size()) return {};
  const auto& [start, length] = spans_[static_cast<std::size_t>(number - 1)];
  return std::string_view(newest_).substr(start, length);
}

}  // namespace ondol::intent
