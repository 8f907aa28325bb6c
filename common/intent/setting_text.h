// Settings as layers write them.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

#include "common/resources/routes/intent.h"

namespace ondol::intent {

inline std::string_view setting_text(Mode mode) {
  switch (mode) {
    case Mode::kReport:
      return "report";
    case Mode::kEnforce:
      return "enforce";
  }
  return "";
}

inline std::string_view setting_text(routes::Unlisted unlisted) {
  switch (unlisted) {
    case routes::Unlisted::kReport:
      return "report";
    case routes::Unlisted::kIgnore:
      return "ignore";
    case routes::Unlisted::kRemove:
      return "remove";
  }
  return "";
}

inline std::string_view setting_text(routes::OnConflict conflict) {
  switch (conflict) {
    case routes::OnConflict::kReport:
      return "report";
    case routes::OnConflict::kTakeOver:
      return "take_over";
  }
  return "";
}

inline std::string_view setting_text(bool value) { return value ? "true" : "false"; }

inline std::string setting_text(Milliseconds time) {
  return time.count() % 1'000 == 0 ? fmt::format("{}s", time.count() / 1'000)
                                   : fmt::format("{}ms", time.count());
}

// "dev cali* proto 80"
inline std::string pattern_text(const routes::IgnorePattern& pattern) {
  std::string text = pattern.interface.empty() ? "" : "dev " + pattern.interface;
  if (pattern.protocol != 0) text += fmt::format("{}proto {}", text.empty() ? "" : " ", pattern.protocol);
  return text;
}

}  // namespace ondol::intent
