// YAML read strictly into a plain tree where every value knows its place. Bounded before it is parsed.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/result.h"

namespace ondol::yaml {

struct Place {
  std::string file;
  int line = 0;    // from 1
  int column = 0;  // from 1
  bool operator==(const Place&) const = default;
};
std::string render(const Place& place);  // file:line:column; only the file when line is 0
// The place that an error of this module carries.
std::optional<Place> place_of(const Error& error);

enum class Kind { kNull, kScalar, kSequence, kMapping };  // kNull: ~, null or nothing

struct Node {
  // Defined where pairs of nodes are complete: clang needs it.
  Node();
  Node(const Node& other);
  Node(Node&& other) noexcept;
  Node& operator=(const Node& other);
  Node& operator=(Node&& other) noexcept;
  ~Node();

  Kind kind = Kind::kNull;
  Place place;
  std::string scalar;             // kScalar
  bool quoted = false;            // kScalar: "…" or '…'
  bool blank = false;             // kNull: nothing is written there, not even ~
  std::vector<Node> items;        // kSequence
  std::vector<std::pair<Node, Node>> entries;  // kMapping, in file order; keys are unique scalars

  // The value of a key, or nullptr.
  const Node* find(std::string_view key) const;
  // The key itself, with its place, or nullptr.
  const Node* find_key(std::string_view key) const;
};

struct Limits {
  std::size_t max_bytes = 1 << 20;
  int max_depth = 16;
  std::size_t max_nodes = 400'000;
  std::size_t max_scalar_bytes = 4096;
};

// Errors (all with file:line:column and a remedy): too large, too deep, too many nodes, invalid UTF-8 or NUL, a tab in
// indentation, a byte order mark, CRLF line ends, duplicate keys, anchors, aliases, tags, merge keys, directives, several
// documents. An empty text is a kNull node at 1:1.
Result<Node> parse(std::string_view text, const std::string& file, const Limits& limits = {});
// Reads at most limits.max_bytes + 1 from the file; a symlink is followed, a directory or device is refused.
Result<Node> parse_file(const std::string& path, const Limits& limits = {});

// Every key must be one of `known`; the error names the nearest one. kNull passes: nothing was written.
Result<void> check_keys(const Node& mapping, std::initializer_list<std::string_view> known);

// Typed reads of a scalar; the error has the place, what was found and what was expected. Quotes make no difference.
Result<std::string> read_string(const Node& node);
Result<bool> read_bool(const Node& node);  // true | false only
Result<std::int64_t> read_int(const Node& node, std::int64_t least, std::int64_t most);
// "60s", "10m", "1h", "500ms"; at most a year
Result<std::chrono::milliseconds> read_duration(const Node& node);

}  // namespace ondol::yaml
