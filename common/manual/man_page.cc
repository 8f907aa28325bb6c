#include <fmt/format.h>
#include <fmt/ranges.h>

#include "common/manual/program.h"

namespace ondol::manual {
namespace {

// A dot or a quote at the start of a line is a request, a backslash an escape, and a plain hyphen may be
// broken.
std::string quoted(const std::string& text) {
  std::string out;
  bool at_start = true;
  for (const char c : text) {
    if (at_start && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else if (c == '|') {
      out += "|\\:";  // choices may be longer than a line: they may be broken here
    } else {
      out += c;
    }
    at_start = c == '\n';
  }
  return out;
}

std::string bold(const std::string& text) { return "\\fB" + quoted(text) + "\\fR"; }
std::string italic(const std::string& text) { return "\\fI" + quoted(text) + "\\fR"; }

std::string sentence(std::string text) {
  if (!text.empty() && text.back() != '.') text += '.';
  return text;
}

// What stands after the name and its colon: "ondolctl: the fleet's hosts" -> "the fleet's hosts".
std::string purpose_of(const Command& program) {
  const std::string start = program.name + ": ";
  return program.text.starts_with(start) ? program.text.substr(start.size()) : program.text;
}

std::string head_of(const Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.names) names.push_back(bold(name));
  std::string head = fmt::format("{}", fmt::join(names, ", "));
  if (!option.value.empty()) head += (head.empty() ? "" : " ") + italic(option.value);
  return head + (option.several ? " ..." : "");
}

std::string body_of(const Option& option) {
  std::string text = sentence(quoted(option.text));
  if (option.required && !option.names.empty()) text += " Required.";
  if (!option.fallback.empty()) text += " Default: " + bold(option.fallback) + ".";
  if (!option.environment.empty()) text += " Also from the environment: " + bold(option.environment) + ".";
  return text;
}

std::string options_text(const std::vector<Option>& options) {
  std::string text;
  for (const Option& option : options) text += ".TP\n" + head_of(option) + "\n" + body_of(option) + "\n";
  return text;
}

std::string synopsis_of(const std::string& path, const Command& command) {
  std::string text = bold(path);
  for (const Option& option : command.options) {
    const bool positional = option.names.empty();
    if (!positional && option.required) text += " " + bold(option.names.back()) + " " + italic(option.value);
    if (!positional) continue;
    text += option.required ? " " + italic(option.value) : " [" + italic(option.value) + "]";
  }
  return text + " [" + italic("OPTIONS") + "]";
}

void append_leaves(const std::string& path, const Command& command, std::string& text) {
  for (const Command& child : command.commands) {
    const std::string name = path + " " + child.name;
    if (!child.commands.empty()) {
      append_leaves(name, child, text);
      continue;
    }
    text += ".SS " + quoted(name) + "\n" + synopsis_of(name, child) + "\n.PP\n" +
            sentence(quoted(child.text)) + "\n" + options_text(child.options);
  }
}

std::string paragraphs_text(const std::vector<Paragraphs>& list) {
  std::string text;
  for (const Paragraphs& one : list) {
    text += ".SH " + quoted(one.title) + "\n";
    bool first = true;
    for (const std::string& paragraph : one.texts) {
      const bool plain = paragraph.starts_with("  ");
      if (!first && !plain) text += ".PP\n";
      text += plain ? ".PP\n.nf\n" + quoted(paragraph) + "\n.fi\n" : quoted(paragraph) + "\n";
      first = false;
    }
  }
  return text;
}

std::string see_also_text(const std::vector<std::string>& pages) {
  if (pages.empty()) return {};
  std::vector<std::string> links;
  for (const std::string& page : pages) {
    const auto open = page.find('(');
    links.push_back(bold(page.substr(0, open)) + page.substr(open));
  }
  return fmt::format(".SH SEE ALSO\n{}\n", fmt::join(links, ",\n"));
}

std::string upper(std::string text) {
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return text;
}

}  // namespace

std::string render_man_page(const Command& program, const Page& page) {
  std::string text = fmt::format(".TH \"{}\" {} \"\" \"Ondol {}\" \"Ondol\"\n.nh\n.ad l\n",
                                 quoted(upper(program.name)), page.section, page.version);
  text += ".SH NAME\n" + quoted(program.name) + " \\- " + quoted(purpose_of(program)) + "\n";
  const bool is_file = page.section == 5;
  if (!is_file) {
    text += ".SH SYNOPSIS\n" +
            (program.commands.empty()
                 ? synopsis_of(program.name, program)
                 : bold(program.name) + " " + italic("COMMAND") + " [" + italic("OPTIONS") + "]") +
            "\n";
  }
  text += paragraphs_text(page.before);
  if (!program.options.empty())
    text += (is_file ? ".SH KEYS\n" : ".SH OPTIONS\n") + options_text(program.options);
  if (!program.commands.empty()) text += ".SH COMMANDS\n";
  append_leaves(program.name, program, text);
  return text + paragraphs_text(page.after) + see_also_text(page.see_also);
}

}  // namespace ondol::manual
