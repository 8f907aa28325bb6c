#include "common/intent/statements.h"

#include "common/intent/route_schema.h"
#include "common/intent/setting_text.h"
#include "common/intent/trial_schema.h"

namespace ondol::intent {
namespace {

class Sayings {
 public:
  Sayings(const Layer& layer, const Expander& expander) : layer_(layer), expander_(expander) {}

  std::vector<Saying> run() && {
    read_variables();
    set("mode.routes", layer_.routes_mode);
    if (layer_.routes) read_routes(*layer_.routes);
    if (layer_.trial) read_trial(*layer_.trial);
    if (layer_.probes) read_probes(*layer_.probes);
    return std::move(said_);
  }

 private:
  void say(std::string name, Statement statement) {
    said_.push_back({SayingKind::kSet, std::move(name), std::move(statement)});
  }
  void drop(std::string names, const yaml::Place& place) {
    Statement statement;
    statement.place = place;
    statement.removes = true;
    said_.push_back({SayingKind::kDrop, std::move(names), std::move(statement)});
  }
  template <typename T>
  void set(const std::string& name, const std::optional<Setting<T>>& setting) {
    if (!setting) return;
    Statement statement;
    statement.place = setting->place;
    statement.removes = !setting->value;
    if (setting->value) statement.value = setting_text(*setting->value);
    say(name, std::move(statement));
  }

  void read_variables() {
    if (layer_.resets_variables) drop("vars.", *layer_.resets_variables);
    for (const Variable& variable : layer_.variables) {
      const bool removes = variable.value.kind == yaml::Kind::kNull;
      say("vars." + variable.name, {variable.value.place, variable.value.scalar, removes, "", ""});
    }
  }

  void read_routes(const RoutesPart& part) {
    if (part.resets) drop("routes.", part.place);
    if (part.resets_list) drop("routes.list[", part.place);
    if (part.resets_ignore) drop("routes.ignore[", part.place);
    set("routes.unlisted", part.unlisted);
    set("routes.conflict", part.on_conflict);
    for (const IgnoreItem& item : part.ignore) {
      const std::string text = pattern_text(item.pattern);
      say("routes.ignore[" + text + "]", {item.place, text, false, "", ""});
    }
    for (const RouteItem& item : part.items) say_route(item);
    for (const yaml::Node& entry : part.templates) {
      const auto plain = expander_.expand_tree(entry);
      const auto item = plain ? parse_route(*plain, layer_.name.level)
                              : Checked<RouteItem>(tl::unexpected<Fault>(plain.error()));
      if (item) say_route(*item);
    }
  }

  void say_route(const RouteItem& item) {
    say("routes.list[" + render(item.route.key) + "]",
        {item.place, item.removes ? "" : render(item.route.value), item.removes, item.reason, ""});
  }

  void read_trial(const TrialPart& written) {
    TrialPart part = written;
    if (written.with_templates) {
      const auto plain = expander_.expand_tree(*written.with_templates);
      const auto parsed =
          plain ? parse_trial(*plain) : Checked<TrialPart>(tl::unexpected<Fault>(plain.error()));
      if (!parsed) return;
      part = *parsed;
    }
    set("trial.deadline", part.deadline);
    set("trial.enabled", part.enabled);
  }

  void read_probes(const ProbesPart& part) {
    if (part.resets) drop("probes[", {layer_.path, 0, 0});
    for (const ProbeItem& item : part.items) say_probe(item);
    for (const yaml::Node& entry : part.templates) {
      const auto plain = expander_.expand_tree(entry);
      const auto item =
          plain ? parse_probe(*plain) : Checked<ProbeItem>(tl::unexpected<Fault>(plain.error()));
      if (item) say_probe(*item);
    }
  }
  void say_probe(const ProbeItem& item) {
    say("probes[" + probe_text(item.target) + "]", {item.place, trial::render(item.target), false, "", ""});
  }

  const Layer& layer_;
  const Expander& expander_;
  std::vector<Saying> said_;
};

}  // namespace

std::vector<Saying> sayings_of(const Layer& layer, const Expander& expander) {
  return Sayings(layer, expander).run();
}

}  // namespace ondol::intent
