#include "common/manual/walk.h"

#include <algorithm>

namespace ondol::manual {
namespace {

void walk_from(const std::string& path, const Command& command, const Visit& visit) {
  visit(path, command);
  for (const Command& child : command.commands) walk_from(path + " " + child.name, child, visit);
}

}  // namespace

void walk(const Command& program, const Visit& visit) { walk_from(program.name, program, visit); }

std::vector<std::string> paths_of(const Command& program) {
  std::vector<std::string> paths;
  walk(program, [&](const std::string& path, const Command&) { paths.push_back(path); });
  return paths;
}

std::vector<std::string> names_of(const std::vector<Option>& options) {
  std::vector<std::string> names;
  for (const Option& option : options) names.insert(names.end(), option.names.begin(), option.names.end());
  return names;
}

std::vector<std::string> taking_options(const Command& program) {
  std::vector<std::string> taking;
  walk(program, [&](const std::string&, const Command& command) {
    for (const Option& option : command.options) {
      if (option.value.empty()) continue;
      for (const std::string& name : option.names) {
        if (std::find(taking.begin(), taking.end(), name) == taking.end()) taking.push_back(name);
      }
    }
  });
  return taking;
}

std::string filled(std::string text, const std::vector<std::pair<std::string, std::string>>& values) {
  for (const auto& [name, value] : values) {
    const std::string mark = "@" + name + "@";
    for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at + value.size())) {
      text.replace(at, mark.size(), value);
    }
  }
  return text;
}

}  // namespace ondol::manual
