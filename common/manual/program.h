// A program's command line as plain data: what manual pages and shell completion are made from.
#pragma once

#include <string>
#include <vector>

namespace ondol::manual {

// What a word can be completed with, besides listed choices.
enum class Words { kNone, kFile, kDirectory, kHost, kRevision };

struct Option {
  std::vector<std::string> names;  // "-o", "--output"; empty = a positional argument
  std::string value;               // "HOST", "table|json"; empty = a flag
  std::string text;
  std::string fallback, environment;  // empty = none
  std::vector<std::string> choices;   // of a value written as "a|b|c"
  bool required = false;
  bool several = false;
  Words words = Words::kNone;
  bool operator==(const Option&) const = default;
};

struct Command {
  std::string name;  // "list"; of the whole program: "ondolctl"
  std::string text;
  std::vector<Option> options;  // named ones first
  std::vector<Command> commands;
  bool operator==(const Command&) const = default;
};

// What a page says beside the command line.
struct Paragraphs {
  std::string title;
  std::vector<std::string> texts;  // one paragraph each; a line that begins with two spaces stands as it is
};
struct Page {
  int section = 1;  // 5 = a file: its options are keys, and there is nothing to type
  std::string version;
  std::vector<Paragraphs> before;  // the commands
  std::vector<Paragraphs> after;
  std::vector<std::string> see_also;  // "ondolctl(1)"
};

// A page of man(7) macros. Every option of every command is in it.
std::string render_man_page(const Command& program, const Page& page);

// Completion scripts: commands, options, choices, files, and hosts and revisions by asking the program itself
// ("PROGRAM completion words hosts PREFIX").
std::string render_bash(const Command& program);
std::string render_zsh(const Command& program);
std::string render_fish(const Command& program);

}  // namespace ondol::manual
