#include "collector/runtime/config_plan.h"

#include <fmt/format.h>

#include <array>

#include "collector/runtime/store_rows.h"

namespace ondol::collector {
namespace {

constexpr std::size_t kMostCompared = 2'000;
constexpr std::size_t kDigits = 12;

std::string digits_of(const Revision& revision) {
  return revision.value.empty() ? std::string(kDigits, '0') : revision.value.substr(0, kDigits);
}

tl::unexpected<Error> stale(const std::string& why) {
  return fail(Errc::kConflict, "the plan is stale: " + why, "", "look at `ondolctl config plan` again");
}

}  // namespace

Sha256 digest_of_records(const std::vector<store::HostRecord>& records) {
  std::string text;
  for (const store::HostRecord& r : records) {
    text += fmt::format("{}\n{}\n{}\n{}\n{}\n{}\n", r.name.value, r.cluster, r.phase, r.app_type, r.app_group,
                        r.app);
  }
  return sha256_of(text);
}

std::string plan_id(const Revision& base, const Sha256& records, const Revision& revision) {
  return fmt::format("{}-{}-{}", digits_of(base), render(records).substr(0, kDigits), digits_of(revision));
}

Result<void> check_plan_id(const std::string& id, const Revision& base, const Sha256& records,
                           const Revision& revision) {
  const std::string now = plan_id(base, records, revision);
  if (id == now) return {};
  if (id.size() != now.size()) {
    return fail(Errc::kInvalidInput, "that is not the id of a plan", "",
                "give what `ondolctl config plan` printed");
  }
  const auto differs = [&](std::size_t part) {
    return id.substr(part * (kDigits + 1), kDigits) != now.substr(part * (kDigits + 1), kDigits);
  };
  if (differs(2)) return stale("these are not the layers that were planned");
  if (differs(0)) return stale(fmt::format("revision {} is current now", digits_of(base)));
  return stale("the record has changed");
}

// A report that cannot be read says as much as none: a plan must not fail for one host.
std::vector<intent::HostEffect> PlanSurvey::find_effects(const HostId& host, const DesiredState& after) {
  if (!after.routes || after.routes->mode != Mode::kEnforce) return {};
  if (compared_ == kMostCompared) {
    ++plan_.hosts_not_compared;
    return {};
  }
  ++compared_;
  const auto report = read_routes_report(store_, host);
  if (!report || (*report)->snapshot.truncated) ++plan_.hosts_unknown;
  if (!report) return {};
  auto outlook = intent::outlook_of(*after.routes, (*report)->snapshot, *last_change_);
  if (outlook.is_mass_delete) plan_.mass_deleted.push_back(host);
  return std::move(outlook.effects);
}

void PlanSurvey::add(const HostId& host, const DesiredPtr& before,
                     const std::shared_ptr<const intent::ResolvedHost>& after) {
  static const DesiredPtr kNothing = std::make_shared<const DesiredState>();
  if (!last_change_ || before != last_before_ || after != last_after_) {
    DesiredState from = before ? *before : *kNothing;
    from.trial = after->state.trial;  // how a change is tried is no change
    last_change_ = std::make_shared<const intent::IntentChange>(intent::diff_states(from, after->state));
    last_before_ = before;
    last_after_ = after;
  }
  groups_.add(host, last_change_, find_effects(host, after->state));
}

ConfigPlan PlanSurvey::take() {
  plan_.groups = groups_.take();
  return std::move(plan_);
}

}  // namespace ondol::collector
