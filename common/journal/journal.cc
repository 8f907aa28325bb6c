#include "common/journal/journal.h"

#define SD_JOURNAL_SUPPRESS_LOCATION
#include <fmt/format.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <vector>

#include "common/base/author.h"

namespace ondol::journal {
namespace {

constexpr Level level_of(std::string_view word) {
  return word == "err" ? Level::kErr : word == "warning" ? Level::kWarning : word == "notice" ? Level::kNotice : Level::kInfo;
}

const EventFacts kFacts[] = {
#define ONDOL_EVENT(name, level, id, summary) {#name, level_of(#level), id, summary},
#include "common/journal/events.def"
#undef ONDOL_EVENT
    {"", Level::kInfo, "", ""},  // keeps the array non-empty
};

bool under_journald() {
  static const bool connected = std::getenv("JOURNAL_STREAM") != nullptr;
  return connected;
}

void write_journald(const EventFacts& facts, const std::string& message, std::initializer_list<Field> fields) {
  std::vector<std::string> lines{"MESSAGE=" + message, fmt::format("PRIORITY={}", static_cast<int>(facts.level)),
                                 fmt::format("MESSAGE_ID={}", facts.id), fmt::format("ONDOL_EVENT={}", facts.name)};
  for (const Field& field : fields) lines.push_back(fmt::format("ONDOL_{}={}", field.name, field.value));
  std::vector<iovec> parts;
  for (std::string& line : lines) parts.push_back({line.data(), line.size()});
  sd_journal_sendv(parts.data(), static_cast<int>(parts.size()));
}

void write_plain(const EventFacts& facts, const std::string& message, std::initializer_list<Field> fields) {
  static constexpr std::array<const char*, 8> kWords{"", "", "", "error", "warning", "notice", "info", ""};
  std::string line = fmt::format("<{}>{} {}: {}", static_cast<int>(facts.level),
                                 kWords[static_cast<std::size_t>(facts.level)], facts.name, escaped(message));
  for (const Field& field : fields) line += fmt::format(" {}=\"{}\"", field.name, escaped(field.value));
  line += '\n';
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace

const EventFacts& facts(Event event) { return kFacts[static_cast<std::size_t>(event)]; }

void write(Event event, const std::string& message, std::initializer_list<Field> fields) {
  const EventFacts& known = facts(event);
  under_journald() ? write_journald(known, message, fields) : write_plain(known, message, fields);
}

}  // namespace ondol::journal
