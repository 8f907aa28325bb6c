// What a command shows, before it is text: sections for people and one JSON value for programs.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace ondol::cli {

using Json = nlohmann::ordered_json;  // keys keep their order: stable output

enum class Tone { kPlain, kGood, kWarn, kBad };

// Text may come from a host: it is escaped when it is rendered, not before.
struct Cell {
  std::string text;
  Tone tone = Tone::kPlain;

  Cell() = default;
  Cell(std::string t) : text(std::move(t)) {}  // NOLINT(google-explicit-constructor): rows are written as texts
  Cell(const char* t) : text(t) {}             // NOLINT(google-explicit-constructor)
  Cell(std::string t, Tone how) : text(std::move(t)), tone(how) {}
  bool operator==(const Cell&) const = default;
};

struct Column {
  std::string title;
  bool wide_only = false;  // shown by -o wide only
};

struct Table {
  std::vector<Column> columns;
  std::vector<std::vector<Cell>> rows;  // each as long as columns
};

// Facts first ("name: value"), then lines, then a table; each may be empty.
struct Section {
  std::string title;
  std::vector<std::pair<std::string, Cell>> facts;
  std::vector<Cell> lines;
  Table table;
};

struct Document {
  std::vector<Section> sections;
  Json json;
};

}  // namespace ondol::cli
