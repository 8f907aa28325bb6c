// Structured log lines with one MESSAGE_ID per kind of event; journald under systemd, plain lines on stderr otherwise.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace ondol::journal {

enum class Level { kErr = 3, kWarning = 4, kNotice = 5, kInfo = 6 };

enum class Event {
#define ONDOL_EVENT(name, level, id, summary) name,
#include "common/journal/events.def"
#undef ONDOL_EVENT
};

struct Field {
  std::string_view name;  // upper case; sent as ONDOL_<name>
  std::string value;
};

struct EventFacts {
  std::string_view name;  // as in events.def: agent_ready
  Level level;
  std::string_view id;    // 32 hexadecimal digits
  std::string_view summary;
};
const EventFacts& facts(Event event);

// Thread: any. Values are escaped for the plain form; journald takes them as they are.
void write(Event event, const std::string& message, std::initializer_list<Field> fields = {});

}  // namespace ondol::journal
