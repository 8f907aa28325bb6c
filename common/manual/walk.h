// The commands of a program one by one, and what the completion scripts of all shells ask of them.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "common/manual/program.h"

namespace ondol::manual {

// `path`: "ondolctl host list". The program itself comes first.
using Visit = std::function<void(const std::string& path, const Command& command)>;
void walk(const Command& program, const Visit& visit);

std::vector<std::string> paths_of(const Command& program);
std::vector<std::string> names_of(const std::vector<Option>& options);
// Options whose value is the next word: that word is no command and no argument.
std::vector<std::string> taking_options(const Command& program);
// `text` with each @NAME@ replaced.
std::string filled(std::string text, const std::vector<std::pair<std::string, std::string>>& values);

}  // namespace ondol::manual
