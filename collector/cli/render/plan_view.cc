#include "collector/cli/render/plan_view.h"

#include <fmt/format.h>

#include "collector/cli/render/collector_view.h"
#include "collector/cli/render/route_view.h"
#include "collector/cli/render/time_text.h"

namespace ondol::cli {
namespace {

constexpr std::size_t kFewLines = 10;
constexpr int kFewHosts = 5;

std::string plural(std::uint64_t count, std::string_view what) {
  return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

template <typename Message>
std::string hosts_text(const Message& message, bool everything) {
  std::string text;
  const int named = everything ? message.hosts_size() : std::min(message.hosts_size(), kFewHosts);
  for (int i = 0; i < named; ++i) text += (i == 0 ? "" : ", ") + message.hosts(i);
  const auto more = message.host_count() - static_cast<std::uint32_t>(named);
  return more == 0 ? text : fmt::format("{} and {} more", text, more);
}

template <typename Message>
Json hosts_json(const Message& message) {
  Json hosts = Json::array();
  for (const std::string& host : message.hosts()) hosts.push_back(host);
  return hosts;
}

std::string word_of(const v1::RouteEdit& edit) {
  return edit.before().empty() ? "added" : edit.after().empty() ? "deleted" : "changed";
}

Cell route_line(const v1::RouteEdit& edit) {
  if (edit.before().empty()) return {fmt::format("  + {}  {}", edit.key(), edit.after()), Tone::kGood};
  if (edit.after().empty()) return {fmt::format("  - {}  {}", edit.key(), edit.before()), Tone::kBad};
  return {fmt::format("  ~ {}  {} -> {}", edit.key(), edit.before(), edit.after()), Tone::kWarn};
}

std::string effect_word(const v1::HostEffect& effect) {
  return enum_word(v1::HostEffect::Kind_Name(effect.kind()), "KIND_");
}

Cell effect_line(const v1::HostEffect& effect, bool everything) {
  const std::string where = hosts_text(effect, everything);
  switch (effect.kind()) {
    case v1::HostEffect::KIND_TAKE_OVER:
      return {fmt::format("  takes over {}  {} -> {}  on {}", effect.key(), effect.before(), effect.after(),
                          where),
              Tone::kWarn};
    case v1::HostEffect::KIND_REMOVE_FOREIGN:
      return {fmt::format("  removes what nobody wrote: {}  {}  on {}", effect.key(), effect.before(), where),
              Tone::kBad};
    case v1::HostEffect::KIND_CONFLICT:
      return {fmt::format("  leaves alone {}  {}  which somebody else made, on {}", effect.key(),
                          effect.before(), where),
              Tone::kWarn};
    case v1::HostEffect::KIND_REMOVE_OURS:
      return {fmt::format("  removes what was left of older layers: {}  {}  on {}", effect.key(),
                          effect.before(), where),
              Tone::kBad};
    case v1::HostEffect::KIND_UNSPECIFIED:
    case v1::HostEffect_Kind_HostEffect_Kind_INT_MIN_SENTINEL_DO_NOT_USE_:
    case v1::HostEffect_Kind_HostEffect_Kind_INT_MAX_SENTINEL_DO_NOT_USE_:
      break;
  }
  return {fmt::format("  {}  on {}", effect.key(), where)};
}

// The first lines, and how many there are beyond.
void add_lines(std::vector<Cell> lines, std::uint64_t all, bool everything, std::vector<Cell>& out) {
  const std::size_t shown = everything ? lines.size() : std::min(lines.size(), kFewLines);
  for (std::size_t i = 0; i < shown; ++i) out.push_back(std::move(lines[i]));
  if (shown < all)
    out.emplace_back(fmt::format("  and {} more{}", all - shown, everything ? "" : " (-o wide shows them)"));
}

std::string way_text(const v1::HostGroup& group) {
  if (group.tried_again()) return "tried again as it was: refused or undone the last time";
  std::string text;
  const auto add = [&text](std::uint64_t count, std::string_view what) {
    if (count != 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, what);
  };
  add(group.deleted(), "deleted");
  add(group.changed(), "changed");
  add(group.added(), "added");
  add(static_cast<std::uint64_t>(group.settings_size()), group.settings_size() == 1 ? "setting" : "settings");
  return text;
}

std::vector<Cell> warnings_of(const v1::ConfigPlan& plan) {
  std::vector<Cell> lines;
  if (plan.hosts_mass_deleted() != 0) {
    lines.emplace_back(fmt::format("warning: more than 30 % or all of the routes of {} are deleted",
                                   plural(plan.hosts_mass_deleted(), "host")),
                       Tone::kBad);
  }
  if (plan.hosts_unknown() != 0) {
    lines.emplace_back(
        fmt::format(
            "warning: not wholly known what {} hold now: what else goes or is taken over there is not named",
            plural(plan.hosts_unknown(), "host")),
        Tone::kWarn);
  }
  if (plan.hosts_not_compared() != 0) {
    lines.emplace_back(fmt::format("{} were not compared with what they hold now: too many for one plan",
                                   plural(plan.hosts_not_compared(), "host")));
  }
  if (plan.group_count() > static_cast<std::uint32_t>(plan.groups_size())) {
    lines.emplace_back(fmt::format("the {} rarest ways are not shown",
                                   plan.group_count() - static_cast<std::uint32_t>(plan.groups_size())));
  }
  return lines;
}

Json plan_json(const v1::ConfigReply& reply) {
  const v1::ConfigPlan& plan = reply.plan();
  Json groups = Json::array();
  for (const v1::HostGroup& group : plan.groups()) groups.push_back(group_json(group));
  return {{"id", plan.id()},
          {"base_revision", text_json(plan.base_revision())},
          {"revision", plan.revision()},
          {"groups", std::move(groups)},
          {"group_count", plan.group_count()},
          {"hosts_mass_deleted", plan.hosts_mass_deleted()},
          {"hosts_unknown", plan.hosts_unknown()},
          {"hosts_not_compared", plan.hosts_not_compared()}};
}

// Findings stay first; an error of the layers themselves leaves no plan.
void add_plan(const v1::ConfigReply& reply, bool everything, Document& document) {
  document.json["plan"] = reply.has_plan() ? plan_json(reply) : Json();
  if (!reply.has_plan()) return;
  std::size_t number = 0;
  for (const v1::HostGroup& group : reply.plan().groups())
    document.sections.push_back(group_section(group, ++number, everything));
  Section end;
  const auto hosts = plural(reply.hosts_changed(), "host");
  end.lines.emplace_back(
      reply.hosts_changed() == 0
          ? fmt::format("this revision changes none of {}", plural(reply.hosts_total(), "host"))
          : fmt::format("this revision changes {} of {} in {}", hosts, reply.hosts_total(),
                        plural(reply.plan().group_count(), "way")),
      Tone::kGood);
  for (Cell& line : warnings_of(reply.plan())) end.lines.push_back(std::move(line));
  document.sections.push_back(std::move(end));
}

// A section without anything would be an empty line.
void drop_empty(Document& document) {
  std::erase_if(document.sections, [](const Section& s) {
    return s.title.empty() && s.facts.empty() && s.lines.empty() && s.table.rows.empty();
  });
}

}  // namespace

Section group_section(const v1::HostGroup& group, std::size_t number, bool everything) {
  Section section;
  section.title =
      fmt::format("{}. {}: {}", number, plural(group.host_count(), "host"), hosts_text(group, everything));
  section.lines.emplace_back("  " + way_text(group));
  for (const v1::SettingEdit& edit : group.settings()) {
    section.lines.emplace_back(fmt::format("  {}: {} -> {}", edit.name(), edit.before(), edit.after()),
                               Tone::kWarn);
  }
  std::vector<Cell> routes, effects;
  for (const v1::RouteEdit& edit : group.routes()) routes.push_back(route_line(edit));
  for (const v1::HostEffect& effect : group.effects()) effects.push_back(effect_line(effect, everything));
  add_lines(std::move(routes), std::uint64_t{group.added()} + group.changed() + group.deleted(), everything,
            section.lines);
  add_lines(std::move(effects), group.effect_count(), everything, section.lines);
  return section;
}

Json group_json(const v1::HostGroup& group) {
  Json settings = Json::array(), routes = Json::array(), effects = Json::array();
  for (const v1::SettingEdit& edit : group.settings()) {
    settings.push_back({{"name", edit.name()}, {"before", edit.before()}, {"after", edit.after()}});
  }
  for (const v1::RouteEdit& edit : group.routes()) {
    routes.push_back({{"change", word_of(edit)},
                      {"key", edit.key()},
                      {"before", text_json(edit.before())},
                      {"after", text_json(edit.after())}});
  }
  for (const v1::HostEffect& effect : group.effects()) {
    effects.push_back({{"kind", effect_word(effect)},
                       {"key", effect.key()},
                       {"before", effect.before()},
                       {"after", text_json(effect.after())},
                       {"hosts", hosts_json(effect)},
                       {"host_count", effect.host_count()}});
  }
  return {{"hosts", hosts_json(group)},         {"host_count", group.host_count()},
          {"tried_again", group.tried_again()}, {"deleted", group.deleted()},
          {"changed", group.changed()},         {"added", group.added()},
          {"settings", std::move(settings)},    {"routes", std::move(routes)},
          {"effects", std::move(effects)},      {"effect_count", group.effect_count()}};
}

Document config_planned(const v1::ConfigReply& reply, bool everything) {
  Document document = config_findings(reply);
  add_plan(reply, everything, document);
  if (reply.has_plan()) {
    auto& lines = document.sections.back().lines;
    const bool refused = has_errors(reply);
    lines.emplace_back(refused ? "it would be refused: see the error above" : "plan " + reply.plan().id(),
                       refused ? Tone::kBad : Tone::kPlain);
  }
  drop_empty(document);
  return document;
}

Document config_applied_with_plan(const v1::ConfigReply& reply, bool everything) {
  Document document = config_findings(reply);
  add_plan(reply, everything, document);
  document.sections.push_back(config_applied(reply).sections.back());
  auto& lines = document.sections.back().lines;
  if (lines.size() > 1) lines.erase(lines.begin(), lines.end() - 1);  // the findings were shown
  drop_empty(document);
  return document;
}

}  // namespace ondol::cli
