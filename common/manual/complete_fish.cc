#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/manual/walk.h"

namespace ondol::manual {
namespace {

std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  return out + "'";
}

// The arguments of `complete` for what a word is completed with; "-x" = nothing else, "-r" = files as well.
std::string completing(const Option& option, const std::string& program) {
  if (!option.choices.empty()) return "-x -a " + quoted(fmt::format("{}", fmt::join(option.choices, " ")));
  switch (option.words) {
    case Words::kFile:
      return "-r -F";
    case Words::kDirectory:
      return "-x -a '(__fish_complete_directories (commandline -ct))'";
    case Words::kHost:
      return fmt::format("-x -a '({} completion words hosts (commandline -ct) 2>/dev/null)'", program);
    case Words::kRevision:
      return fmt::format("-x -a '({} completion words revisions (commandline -ct) 2>/dev/null)'", program);
    case Words::kNone:
      break;
  }
  return "-x";
}

std::string option_line(const std::string& start, const Option& option, const std::string& program) {
  std::string line = start;
  for (const std::string& name : option.names)
    line += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  if (!option.value.empty()) line += " " + completing(option, program);
  return line + " -d " + quoted(option.text) + "\n";
}

std::string lines_of(const std::string& path, const Command& command, const std::string& program) {
  const std::string start = "complete -c " + program;
  std::string text;
  for (const Command& child : command.commands) {
    text += fmt::format("{} -n '__{}_is \"{}|0\"' -a {} -d {}\n", start, program, path, child.name,
                        quoted(child.text));
  }
  std::size_t at = 0;
  for (const Option& option : command.options) {
    if (!option.names.empty()) {
      const std::string when = path == program ? "" : fmt::format(" -n '__{}_in \"{}\"'", program, path);
      text += option_line(start + when, option, program);
    } else {
      text += fmt::format("{} -n '__{}_is \"{}|{}\"' {}\n", start, program, path, at++,
                          completing(option, program));
    }
  }
  return text;
}

constexpr std::string_view kScript =
    R"(# fish completion of @PROGRAM@, made by `@PROGRAM@ completion fish`:  @PROGRAM@ completion fish | source
function __@PROGRAM@_at
    set -l at @PROGRAM@
    set -l arguments 0
    set -l skip 0
    for word in (commandline -opc)[2..]
        if test $skip = 1
            set skip 0
            continue
        end
        switch $word
            case @TAKERS@
                set skip 1
            case '-*'
            case '*'
                if contains -- "$at $word" @PATHS@
                    set at "$at $word"
                else
                    set arguments (math $arguments + 1)
                end
        end
    end
    echo "$at|$arguments"
end
function __@PROGRAM@_is
    test (__@PROGRAM@_at) = $argv[1]
end
function __@PROGRAM@_in
    string match -q -- "$argv[1]|*" (__@PROGRAM@_at)
end
complete -c @PROGRAM@ -f
)";

}  // namespace

std::string render_fish(const Command& program) {
  std::string text = filled(std::string(kScript),
                            {{"TAKERS", fmt::format("{}", fmt::join(taking_options(program), " "))},
                             {"PATHS", "'" + fmt::format("{}", fmt::join(paths_of(program), "' '")) + "'"},
                             {"PROGRAM", program.name}});
  walk(program, [&](const std::string& path, const Command& command) {
    text += lines_of(path, command, program.name);
  });
  return text;
}

}  // namespace ondol::manual
