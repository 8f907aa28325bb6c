#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/manual/walk.h"

namespace ondol::manual {
namespace {

// Within single quotes, and without the colon that ends a name for _describe.
std::string quoted(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out;
}

std::string completing(const Option& option, const std::string& program) {
  if (!option.choices.empty()) return fmt::format("compadd -- {}", fmt::join(option.choices, " "));
  switch (option.words) {
    case Words::kFile:
      return "_files";
    case Words::kDirectory:
      return "_files -/";
    case Words::kHost:
      return fmt::format("compadd -- ${{(f)\"$({} completion words hosts \"$cur\" 2>/dev/null)\"}}", program);
    case Words::kRevision:
      return fmt::format("compadd -- ${{(f)\"$({} completion words revisions \"$cur\" 2>/dev/null)\"}}",
                         program);
    case Words::kNone:
      break;
  }
  return ":";
}

std::string option_cases(const std::string& path, const std::vector<Option>& options,
                         const std::string& program) {
  std::string text;
  for (const Option& option : options) {
    if (option.names.empty() || option.value.empty()) continue;
    for (const std::string& name : option.names) {
      text += fmt::format("    ('{}|{}') {}; return ;;\n", path, name, completing(option, program));
    }
  }
  return text;
}

void append_described(const std::vector<Option>& options, std::vector<std::string>& list) {
  for (const Option& option : options) {
    for (const std::string& name : option.names)
      list.push_back(fmt::format("'{}:{}'", name, quoted(option.text)));
  }
}

std::string name_cases(const Command& program) {
  std::string text;
  walk(program, [&](const std::string& path, const Command& command) {
    std::vector<std::string> list;
    append_described(command.options, list);
    if (&command != &program) append_described(program.options, list);
    text += fmt::format("      ('{}') list=({}) ;;\n", path, fmt::join(list, " "));
  });
  return text;
}

// A word at that place is a command or the so-manieth argument.
std::string place_cases(const std::string& path, const Command& command, const std::string& program) {
  std::string text;
  std::vector<std::string> list;
  for (const Command& child : command.commands)
    list.push_back(fmt::format("'{}:{}'", child.name, quoted(child.text)));
  if (!list.empty())
    text += fmt::format("    ('{}|0') list=({}); _describe command list ;;\n", path, fmt::join(list, " "));
  std::size_t at = 0;
  for (const Option& option : command.options) {
    if (option.names.empty())
      text += fmt::format("    ('{}|{}') {} ;;\n", path, at++, completing(option, program));
  }
  return text;
}

std::string argument_cases(const Command& program) {
  std::string text;
  walk(program, [&](const std::string& path, const Command& command) {
    text += place_cases(path, command, program.name);
  });
  return text;
}

constexpr std::string_view kScript = R"(#compdef @PROGRAM@
# zsh completion of @PROGRAM@, made by `@PROGRAM@ completion zsh`:  source <(@PROGRAM@ completion zsh)
_@PROGRAM@() {
  local cur=${words[CURRENT]} prev=${words[CURRENT-1]} at='@PROGRAM@' arguments=0 i word
  local -a list
  for ((i = 2; i < CURRENT; i++)); do
    word=${words[i]}
    case $word in
      (@TAKERS@) ((i++)); continue ;;
      (-*) continue ;;
    esac
    case "$at $word" in
      (@PATHS@) at="$at $word" ;;
      (*) ((arguments++)) ;;
    esac
  done
  case "$at|$prev" in
@OPTIONS@  esac
  case "@PROGRAM@|$prev" in
@COMMON@  esac
  if [[ $cur == -* ]]; then
    case $at in
@NAMES@    esac
    _describe option list
    return
  fi
  case "$at|$arguments" in
@ARGUMENTS@  esac
}
if [[ $funcstack[1] == _@PROGRAM@ ]]; then _@PROGRAM@ "$@"; else compdef _@PROGRAM@ @PROGRAM@; fi
)";

}  // namespace

std::string render_zsh(const Command& program) {
  std::string options;
  walk(program, [&](const std::string& path, const Command& command) {
    if (&command != &program) options += option_cases(path, command.options, program.name);
  });
  return filled(std::string(kScript),
                {{"TAKERS", fmt::format("{}", fmt::join(taking_options(program), "|"))},
                 {"PATHS", "'" + fmt::format("{}", fmt::join(paths_of(program), "'|'")) + "'"},
                 {"OPTIONS", options},
                 {"COMMON", option_cases(program.name, program.options, program.name)},
                 {"NAMES", name_cases(program)},
                 {"ARGUMENTS", argument_cases(program)},
                 {"PROGRAM", program.name}});
}

}  // namespace ondol::manual
