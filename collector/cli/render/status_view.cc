#include "collector/cli/render/status_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "collector/cli/render/progress_view.h"
#include "collector/cli/render/route_view.h"
#include "collector/cli/render/time_text.h"

namespace ondol::cli {
namespace {

constexpr std::uint64_t kDeepQueue = 10'000;  // writes: more than a minute of work for a slow disk
constexpr std::size_t kShownRevision = 12;

// What a person is told, and what to type for one host.
struct TroubleWords {
  v1::Trouble trouble;
  Tone tone;
  std::string_view needs;  // for `status`; empty = nobody is needed
  std::string_view next;
};
constexpr std::array<TroubleWords, 13> kTroubles{{
    {v1::TROUBLE_STUCK, Tone::kBad, "{} stuck: an observer makes no progress",
     "on the host: journalctl -u ondol-agent -n 50"},
    {v1::TROUBLE_SILENT, Tone::kBad, "{} silent", "on the host: systemctl status ondol-agent"},
    {v1::TROUBLE_CONTESTED, Tone::kBad, "{} where somebody else keeps writing what we write",
     "ondolctl drift list --host {}"},
    {v1::TROUBLE_ROLLED_BACK, Tone::kBad, "{} undid the newest intent", "ondolctl host history {}"},
    {v1::TROUBLE_REFUSED, Tone::kBad, "{} refused the newest intent", "ondolctl host history {}"},
    {v1::TROUBLE_BLOCKED, Tone::kWarn, "{} held, or outside of their hours",
     "on the host: ondol-agent status"},
    {v1::TROUBLE_UNOBSERVED, Tone::kWarn, "{} whose routes cannot be read",
     "on the host: ondol-agent inspect routes"},
    {v1::TROUBLE_DRIFT, Tone::kWarn, "{} with drift", "ondolctl drift list --host {}"},
    {v1::TROUBLE_TRIAL, Tone::kWarn, "", "ondolctl config progress"},
    {v1::TROUBLE_UNKNOWN_SINCE_RESTART, Tone::kWarn, "{} not seen since the collector started",
     "on the host: systemctl status ondol-agent"},
    {v1::TROUBLE_NEVER_ENROLLED, Tone::kWarn, "{} never enrolled", "ondolctl enroll token create --host {}"},
    {v1::TROUBLE_REVOKED, Tone::kPlain, "", "ondolctl enroll token create --host {}"},
    {v1::TROUBLE_OK, Tone::kGood, "", ""},
}};

// nullptr = a word that this version does not know.
const TroubleWords* words_of(v1::Trouble trouble) {
  const auto found = std::ranges::find(kTroubles, trouble, &TroubleWords::trouble);
  return found == kTroubles.end() ? nullptr : &*found;
}

using Counts = google::protobuf::RepeatedPtrField<v1::StateCount>;

std::string counts_text(const Counts& counts) {
  std::string text;
  for (const v1::StateCount& count : counts) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count.hosts(), count.state());
  }
  return text.empty() ? "none" : text;
}

Json counts_json(const Counts& counts) {
  Json json = Json::object();
  for (const v1::StateCount& count : counts) json[count.state()] = count.hosts();
  return json;
}

std::string hosts_word(std::uint32_t hosts) { return hosts == 1 ? "1 host" : fmt::format("{} hosts", hosts); }

std::string examples_text(const v1::TroubleCount& count) {
  std::string text;
  for (const std::string& host : count.examples()) text += (text.empty() ? "" : ", ") + host;
  const auto named = static_cast<std::uint32_t>(count.examples_size());
  return count.hosts() > named ? fmt::format("{} and {} more", text, count.hosts() - named) : text;
}

std::string trouble_sentence(const v1::TroubleCount& count, const v1::GetStatusReply& reply, WallTime now) {
  const TroubleWords* words = words_of(count.trouble());
  if (words == nullptr || words->needs.empty()) return {};
  std::string text = fmt::format(fmt::runtime(words->needs), hosts_word(count.hosts()));
  if (count.trouble() != v1::TROUBLE_SILENT) return text;
  text += fmt::format(" ({})", counts_text(reply.silence_by_reason()));
  if (reply.oldest_unseen_host().empty()) return text;
  return text + fmt::format(", longest {} for {}", reply.oldest_unseen_host(),
                            age_text(reply.oldest_unseen_unix_ns(), now));
}

// For many hosts of one trouble.
std::string next_for_many(v1::Trouble trouble) {
  if (trouble == v1::TROUBLE_DRIFT || trouble == v1::TROUBLE_CONTESTED) return "ondolctl drift list";
  return "ondolctl host list --trouble " + trouble_word(trouble);
}

void append_hosts(const v1::GetStatusReply& reply, WallTime now, std::vector<Need>& needs) {
  for (const v1::TroubleCount& count : reply.troubles()) {
    const std::string what = trouble_sentence(count, reply, now);
    if (what.empty()) continue;
    const bool one = count.hosts() == 1 && count.examples_size() == 1;
    const std::string next =
        one ? next_step(count.trouble(), count.examples(0)) : next_for_many(count.trouble());
    needs.push_back({tone_of(count.trouble()), what, examples_text(count), next});
  }
}

void append_collector(const v1::GetStatusReply& reply, std::vector<Need>& needs) {
  const std::string journal = "journalctl -u ondol-collector -p warning -n 50";
  if (!reply.store_error().empty()) {
    needs.push_back(
        {Tone::kBad, "the store takes no writes, so nothing is pushed: " + reply.store_error(), "", journal});
  }
  if (reply.store_queue_depth() >= kDeepQueue) {
    needs.push_back({Tone::kWarn,
                     fmt::format("the store is behind: {} writes wait", reply.store_queue_depth()), "",
                     journal});
  }
  if (reply.clones_refused() + reply.identities_refused() > 0) {
    needs.push_back({Tone::kWarn,
                     fmt::format("since the start {} clones and {} wrong identities were refused",
                                 reply.clones_refused(), reply.identities_refused()),
                     "", journal});
  }
}

void append_revision(const v1::GetStatusReply& reply, std::vector<Need>& needs) {
  if (reply.revision().empty())
    needs.push_back({Tone::kWarn, "no intent was ever stored", "", "ondolctl config apply DIR"});
}

Section needs_section(const std::vector<Need>& needs) {
  Section section;
  if (needs.empty()) {
    section.lines.emplace_back("nothing needs a person", Tone::kGood);
    return section;
  }
  section.title = "needs a person";
  section.table.columns = {{"WHAT", false}, {"HOSTS", false}, {"NEXT", false}};
  for (const Need& need : needs) {
    section.table.rows.push_back(
        {Cell{need.what, need.tone}, need.hosts.empty() ? "-" : need.hosts, need.next});
  }
  return section;
}

std::string troubles_text(const v1::GetStatusReply& reply) {
  std::string text;
  for (const v1::TroubleCount& count : reply.troubles()) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count.hosts(), trouble_word(count.trouble()));
  }
  return text.empty() ? "none" : text;
}

std::string revision_text(const v1::GetStatusReply& reply, WallTime now) {
  if (reply.revision().empty()) return "none";
  return fmt::format("{}, stored {} ago", reply.revision().substr(0, kShownRevision),
                     age_text(reply.revision_unix_ns(), now));
}

Cell intent_cell(const v1::GetStatusReply& reply) {
  ProgressMeter meter;
  meter.note(reply.progress(), {});
  return {progress_line(meter), hosts_at(reply.progress(), v1::STEP_APPLIED) == reply.progress().hosts()
                                    ? Tone::kGood
                                    : Tone::kWarn};
}

Cell store_cell(const v1::GetStatusReply& reply) {
  const bool healthy = reply.store_error().empty();
  return {reply.store_engine() + ": " + (healthy ? "takes writes" : reply.store_error()),
          healthy ? Tone::kGood : Tone::kBad};
}

Section figures_section(const v1::GetStatusReply& reply, WallTime now) {
  Section section;
  auto& facts = section.facts;
  facts = {{"collector", fmt::format("{}, up {}", reply.version(), age_text(reply.started_unix_ns(), now))},
           {"hosts", counts_text(reply.hosts_by_state())},
           {"trouble", troubles_text(reply)},
           {"silent", counts_text(reply.silence_by_reason())}};
  if (!reply.oldest_unseen_host().empty()) {
    facts.emplace_back("longest unseen",
                       reply.oldest_unseen_host() + ", " + age_text(reply.oldest_unseen_unix_ns(), now));
  }
  facts.emplace_back("open drift", std::to_string(reply.open_drift()));
  facts.emplace_back("contested", Cell{std::to_string(reply.contested()),
                                       reply.contested() == 0 ? Tone::kPlain : Tone::kBad});
  facts.emplace_back("revision", revision_text(reply, now));
  facts.emplace_back("intent", intent_cell(reply));
  facts.emplace_back(
      "trials", fmt::format("{} running; since the start {} confirmed, {} rolled back",
                            reply.trials_running(), reply.trials_confirmed(), reply.trials_rolled_back()));
  facts.emplace_back("store", store_cell(reply));
  facts.emplace_back("queues",
                     fmt::format("{} writes wait, {} not answered; {} offers wait", reply.store_queue_depth(),
                                 reply.writes_unanswered(), reply.offers_waiting()));
  facts.emplace_back("events lost", std::to_string(reply.events_lost()));
  facts.emplace_back("you are", reply.caller());
  return section;
}

Json needs_json(const std::vector<Need>& needs) {
  Json json = Json::array();
  for (const Need& need : needs) {
    json.push_back({{"severity", need.tone == Tone::kBad ? "error" : "warning"},
                    {"what", need.what},
                    {"hosts", text_json(need.hosts)},
                    {"next", text_json(need.next)}});
  }
  return json;
}

Json troubles_json(const v1::GetStatusReply& reply) {
  Json json = Json::object();
  for (const v1::TroubleCount& count : reply.troubles()) json[trouble_word(count.trouble())] = count.hosts();
  return json;
}

}  // namespace

std::string trouble_word(v1::Trouble trouble) { return enum_word(v1::Trouble_Name(trouble), "TROUBLE_"); }

std::vector<std::string> trouble_words() {
  std::vector<std::string> words;
  for (const TroubleWords& one : kTroubles) words.push_back(trouble_word(one.trouble));
  return words;
}

Tone tone_of(v1::Trouble trouble) {
  const TroubleWords* words = words_of(trouble);
  return words == nullptr ? Tone::kWarn : words->tone;
}

std::string next_step(v1::Trouble trouble, const std::string& host) {
  const TroubleWords* words = words_of(trouble);
  return words == nullptr ? std::string() : fmt::format(fmt::runtime(words->next), host);
}

std::vector<Need> needs_of(const v1::GetStatusReply& reply, WallTime now) {
  std::vector<Need> needs;
  append_collector(reply, needs);
  append_hosts(reply, now, needs);
  append_revision(reply, needs);
  std::stable_sort(needs.begin(), needs.end(), [](const Need& a, const Need& b) { return a.tone > b.tone; });
  return needs;
}

Document collector_status(const v1::GetStatusReply& reply, WallTime now) {
  const std::vector<Need> needs = needs_of(reply, now);
  Json json{{"needs", needs_json(needs)},
            {"version", reply.version()},
            {"started_at", time_json(reply.started_unix_ns())},
            {"up_seconds", age_json(reply.started_unix_ns(), now)},
            {"revision", text_json(reply.revision())},
            {"revision_at", time_json(reply.revision_unix_ns())},
            {"intent", progress_json(reply.progress())},
            {"hosts_by_state", counts_json(reply.hosts_by_state())},
            {"hosts_by_trouble", troubles_json(reply)},
            {"silence_by_reason", counts_json(reply.silence_by_reason())},
            {"open_drift", reply.open_drift()},
            {"contested", reply.contested()},
            {"trials_running", reply.trials_running()},
            {"trials_confirmed", reply.trials_confirmed()},
            {"trials_rolled_back", reply.trials_rolled_back()},
            {"store_engine", reply.store_engine()},
            {"store_queue_depth", reply.store_queue_depth()},
            {"store_error", text_json(reply.store_error())},
            {"writes_unanswered", reply.writes_unanswered()},
            {"offers_waiting", reply.offers_waiting()},
            {"events_lost", reply.events_lost()},
            {"clones_refused", reply.clones_refused()},
            {"identities_refused", reply.identities_refused()},
            {"caller", reply.caller()},
            {"oldest_unseen_host", text_json(reply.oldest_unseen_host())},
            {"oldest_unseen_at", time_json(reply.oldest_unseen_unix_ns())},
            {"oldest_unseen_age_seconds", age_json(reply.oldest_unseen_unix_ns(), now)}};
  return {{needs_section(needs), figures_section(reply, now)}, std::move(json)};
}

}  // namespace ondol::cli
