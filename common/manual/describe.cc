#include "common/manual/describe.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <utility>

namespace ondol::manual {
namespace {

// What CLI11 calls a value that nobody gave a name.
constexpr std::array kUnnamed{"TEXT", "INT", "UINT", "FLOAT"};

std::string upper(std::string text) {
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c == '-' ? '_' : c;
  return text;
}

std::vector<std::string> choices_of(const std::string& value) {
  std::vector<std::string> choices;
  if (value.find('|') == std::string::npos) return choices;
  std::size_t from = 0;
  for (std::size_t bar = 0; bar != std::string::npos; from = bar + 1) {
    bar = value.find('|', from);
    choices.push_back(value.substr(from, bar == std::string::npos ? bar : bar - from));
  }
  return choices;
}

Words words_of(const std::string& name) {
  static const std::array<std::pair<std::string_view, Words>, 8> kNames{{{"host", Words::kHost},
                                                                         {"revision", Words::kRevision},
                                                                         {"from", Words::kRevision},
                                                                         {"to", Words::kRevision},
                                                                         {"file", Words::kFile},
                                                                         {"directory", Words::kDirectory},
                                                                         {"socket", Words::kFile},
                                                                         {"config", Words::kFile}}};
  const auto known = std::ranges::find_if(kNames, [&](const auto& pair) { return pair.first == name; });
  return known == kNames.end() ? Words::kNone : known->second;
}

std::string value_of(const CLI::Option& option) {
  if (option.get_items_expected_max() == 0) return {};  // a flag
  std::string name = option.get_positional() && option.get_lnames().empty() ? option.get_name() : "";
  if (name.empty() && !option.get_lnames().empty()) name = option.get_lnames().front();
  const std::string type = option.get_type_name();
  const bool unnamed =
      std::ranges::find_if(kUnnamed, [&](const char* u) { return type.starts_with(u); }) != kUnnamed.end();
  return type.empty() || unnamed ? upper(name) : type;
}

Option option_of(const CLI::Option& option) {
  Option out;
  for (const std::string& name : option.get_snames()) out.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) out.names.push_back("--" + name);
  out.value = value_of(option);
  out.text = option.get_description();
  out.fallback = option.get_default_str();
  out.environment = option.get_envname();
  out.choices = choices_of(out.value);
  out.required = option.get_required();
  out.several = option.get_items_expected_max() > 1;
  if (!out.value.empty())
    out.words = words_of(out.names.empty()             ? option.get_name()
                         : option.get_lnames().empty() ? ""
                                                       : option.get_lnames().front());
  return out;
}

}  // namespace

Command describe(const CLI::App& app) {
  Command command{app.get_name(), app.get_description(), {}, {}};
  for (const CLI::Option* option : app.get_options()) {
    if (!option->get_group().empty()) command.options.push_back(option_of(*option));  // in no group = hidden
  }
  std::ranges::stable_partition(command.options, [](const Option& option) { return !option.names.empty(); });
  for (const CLI::App* child : app.get_subcommands({})) {
    if (!child->get_group().empty()) command.commands.push_back(describe(*child));
  }
  return command;
}

}  // namespace ondol::manual
