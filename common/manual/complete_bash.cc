#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "common/manual/walk.h"

namespace ondol::manual {
namespace {

// Bash for "these complete the word": choices, files, or what the program says.
std::string completing(const Option& option, const std::string& program) {
  if (!option.choices.empty())
    return fmt::format("COMPREPLY=($(compgen -W '{}' -- \"$cur\"))", fmt::join(option.choices, " "));
  switch (option.words) {
    case Words::kFile:
      return "compopt -o filenames; COMPREPLY=($(compgen -f -- \"$cur\"))";
    case Words::kDirectory:
      return "compopt -o filenames; COMPREPLY=($(compgen -d -- \"$cur\"))";
    case Words::kHost:
      return fmt::format("COMPREPLY=($({} completion words hosts \"$cur\" 2>/dev/null))", program);
    case Words::kRevision:
      return fmt::format("COMPREPLY=($({} completion words revisions \"$cur\" 2>/dev/null))", program);
    case Words::kNone:
      break;
  }
  return "COMPREPLY=()";
}

std::string option_cases(const std::string& path, const std::vector<Option>& options,
                         const std::string& program) {
  std::string text;
  for (const Option& option : options) {
    if (option.names.empty() || option.value.empty()) continue;
    for (const std::string& name : option.names) {
      text += fmt::format("    '{}|{}') {}; return ;;\n", path, name, completing(option, program));
    }
  }
  return text;
}

// A word at that place is a command or the so-manieth argument.
std::string place_cases(const std::string& path, const Command& command, const std::string& program) {
  std::string text;
  std::vector<std::string> names;
  for (const Command& child : command.commands) names.push_back(child.name);
  if (!names.empty()) {
    text += fmt::format("    '{}|0') COMPREPLY=($(compgen -W '{}' -- \"$cur\")) ;;\n", path,
                        fmt::join(names, " "));
  }
  std::size_t at = 0;
  for (const Option& option : command.options) {
    if (!option.names.empty()) continue;
    text += fmt::format("    '{}|{}') {} ;;\n", path, at++, completing(option, program));
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

std::vector<std::string> with_common(std::vector<std::string> names, const std::vector<std::string>& common) {
  for (const std::string& name : common) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  return names;
}

std::string name_cases(const Command& program) {
  std::string text;
  const std::vector<std::string> common = names_of(program.options);
  walk(program, [&](const std::string& path, const Command& command) {
    const auto names = with_common(names_of(command.options), common);
    text += fmt::format("      '{}') COMPREPLY=($(compgen -W '{}' -- \"$cur\")) ;;\n", path,
                        fmt::join(names, " "));
  });
  return text;
}

constexpr std::string_view kScript =
    R"(# bash completion of @PROGRAM@, made by `@PROGRAM@ completion bash`:  source <(@PROGRAM@ completion bash)
_@FUNCTION@() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} at='@PROGRAM@' arguments=0 i word
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    case $word in
      @TAKERS@) ((i++)); continue ;;
      -*) continue ;;
    esac
    case "$at $word" in
      @PATHS@) at="$at $word" ;;
      *) ((arguments++)) ;;
    esac
  done
  case "$at|$prev" in
@OPTIONS@  esac
  case "@PROGRAM@|$prev" in
@COMMON@  esac
  if [[ $cur == -* ]]; then
    case $at in
@NAMES@    esac
    return
  fi
  case "$at|$arguments" in
@ARGUMENTS@  esac
}
complete -F _@FUNCTION@ @PROGRAM@
)";

}  // namespace

std::string render_bash(const Command& program) {
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
                 {"FUNCTION", program.name},
                 {"PROGRAM", program.name}});
}

}  // namespace ondol::manual
