#include "common/yaml/build_tree.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <exception>
#include <istream>
#include <optional>
#include <streambuf>
#include <unordered_set>

#include "common/yaml/scan_text.h"

namespace ondol::yaml {
namespace {

// Thrown through yaml-cpp to end a parse early; the error itself is in the builder.
struct Stop {};

// Reads the text where it lies.
class TextBuffer : public std::streambuf {
 public:
  explicit TextBuffer(std::string_view text) {
    char* begin = const_cast<char*>(text.data());  // a get area is never written to
    setg(begin, begin, begin + text.size());
  }
};

struct Frame {
  Node node;
  Node key;               // kMapping: the key whose value comes next
  bool awaits_value = false;
  std::unordered_set<std::string> seen;  // kMapping
};

class Builder : public YAML::EventHandler {
 public:
  Builder(std::string_view text, const std::string& file, const Limits& limits)
      : text_(text), file_(file), limits_(limits) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) stop(mark, "a second YAML document", "keep one document in a file");
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Node node = make(mark, Kind::kNull, "?", anchor);
    node.blank = !is_written(mark);
    place(std::move(node));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    stop(mark, "YAML aliases are not accepted", "write the value out");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Node node = make(mark, Kind::kScalar, tag, anchor);
    if (value.size() > limits_.max_scalar_bytes) {
      stop(mark, fmt::format("a value longer than {} bytes", limits_.max_scalar_bytes), "shorten it");
    }
    if (!is_clean_utf8(value)) stop(mark, "a value with control characters", "remove the escapes that make them");
    node.scalar = value;
    node.quoted = tag == "!";
    place(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(make(mark, Kind::kSequence, tag, anchor));
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(make(mark, Kind::kMapping, tag, anchor));
  }
  void OnMapEnd() override { close(); }
  void OnAnchor(const YAML::Mark& mark, const std::string&) override {
    stop(mark, "YAML anchors are not accepted", "write the value out where it is used");
  }

  Place place_of(const YAML::Mark& mark) const {
    return mark.is_null() ? Place{file_, 1, 1} : Place{file_, mark.line + 1, mark.column + 1};
  }

  std::optional<Node> root;
  std::optional<Error> error;

 private:
  [[noreturn]] void stop(const YAML::Mark& mark, std::string what, std::string remedy) {
    refuse(place_of(mark), std::move(what), std::move(remedy));
  }
  [[noreturn]] void refuse(const Place& where, std::string what, std::string remedy,
                           Errc code = Errc::kInvalidInput) {
    error = Error{code, std::move(what), render(where), std::move(remedy)};
    throw Stop{};
  }

  // Of a null: ~ or the word, not nothing at all.
  bool is_written(const YAML::Mark& mark) const {
    if (mark.is_null()) return false;
    const std::string_view here = text_.substr(std::min(static_cast<std::size_t>(mark.pos), text_.size()), 4);
    return here.starts_with('~') || here == "null" || here == "Null" || here == "NULL";
  }

  // yaml-cpp says "?" for a plain value, "!" for a quoted one, and the tag itself for a tagged one.
  void check_tag(const YAML::Mark& mark, Kind kind, const std::string& tag) {
    const auto at = static_cast<std::size_t>(mark.pos);
    const bool quoted = kind == Kind::kScalar && tag == "!" && at < text_.size() && text_[at] != '!';
    if (tag.empty() || tag == "?" || quoted) return;
    stop(mark, "YAML tags are not accepted", "remove the '!' tag, or quote the text");
  }

  Node make(const YAML::Mark& mark, Kind kind, const std::string& tag, YAML::anchor_t anchor) {
    if (anchor != 0) stop(mark, "YAML anchors are not accepted", "write the value out where it is used");
    check_tag(mark, kind, tag);
    if (++nodes_ > limits_.max_nodes) {
      refuse(place_of(mark), fmt::format("the file has more than {} values", limits_.max_nodes),
             "split it into smaller files", Errc::kLimit);
    }
    Node node;
    node.kind = kind;
    node.place = place_of(mark);
    return node;
  }

  void open(Node node) {
    if (static_cast<int>(frames_.size()) >= limits_.max_depth) {
      refuse(node.place, fmt::format("lists and mappings nested more than {} deep", limits_.max_depth),
             "flatten the structure", Errc::kLimit);
    }
    if (!frames_.empty() && wants_key()) {
      refuse(node.place, "a key that is a list or a mapping", "use a plain name, close every bracket, quote templates: \"{{ NAME }}\"");
    }
    frames_.emplace_back();
    frames_.back().node = std::move(node);
  }

  void close() {
    Node node = std::move(frames_.back().node);
    frames_.pop_back();
    if (frames_.empty()) {
      root = std::move(node);
    } else {
      put(std::move(node));
    }
  }

  void place(Node node) {
    if (frames_.empty()) {
      root = std::move(node);
    } else if (wants_key()) {
      take_key(std::move(node));
    } else {
      put(std::move(node));
    }
  }

  bool wants_key() const { return frames_.back().node.kind == Kind::kMapping && !frames_.back().awaits_value; }

  void take_key(Node key) {
    Frame& frame = frames_.back();
    if (key.kind == Kind::kNull) refuse(key.place, "an empty key", "write a name before the colon");
    if (key.scalar == "<<" && !key.quoted) {
      refuse(key.place, "YAML merge keys are not accepted", "write the values out");
    }
    if (!frame.seen.insert(key.scalar).second) {
      const int line = frame.node.find_key(key.scalar)->place.line;
      refuse(key.place, fmt::format("duplicate key '{}' (first in line {})", key.scalar, line), "keep one of them");
    }
    frame.key = std::move(key);
    frame.awaits_value = true;
  }

  void put(Node node) {
    Frame& frame = frames_.back();
    if (frame.node.kind == Kind::kSequence) {
      frame.node.items.push_back(std::move(node));
      return;
    }
    frame.node.entries.emplace_back(std::move(frame.key), std::move(node));
    frame.awaits_value = false;
  }

  std::string_view text_;
  const std::string& file_;
  const Limits& limits_;
  std::vector<Frame> frames_;
  std::size_t nodes_ = 0;
  int documents_ = 0;
};

Result<Node> finished(Builder& builder, const std::string& file) {
  if (builder.root) return std::move(*builder.root);
  Node empty;
  empty.place = Place{file, 1, 1};
  return empty;
}

}  // namespace

Result<Node> build_tree(std::string_view text, const std::string& file, const Limits& limits) {
  // yaml-cpp takes the end of a file for a closing quote when a line feed is before it; a document end it does not.
  const std::string ended = std::string(text) + (text.ends_with('\n') || text.empty() ? "...\n" : "\n...\n");
  Builder builder(ended, file, limits);
  try {
    TextBuffer buffer(ended);
    std::istream stream(&buffer);
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
    return finished(builder, file);
  } catch (const Stop&) {
    return fail(*builder.error);
  } catch (const YAML::Exception& e) {
    if (static_cast<std::size_t>(std::max(e.mark.pos, 0)) >= text.size() && e.msg == YAML::ErrorMsg::DOC_IN_SCALAR) {
      return fail(Errc::kInvalidInput, "a quote is opened and never closed", render(builder.place_of(e.mark)),
                  "close it");
    }
    return fail(Errc::kInvalidInput, fmt::format("not valid YAML: {}", e.msg), render(builder.place_of(e.mark)),
                "check the indentation, colons, quotes and brackets on and before this line");
  } catch (const std::exception& e) {
    return fail(Errc::kInvalidInput, fmt::format("not readable as YAML: {}", e.what()), render(Place{file, 1, 1}));
  }
}

}  // namespace ondol::yaml
