// What must be green for a change of intent to be kept: looked at before it, and again after it until the collector confirms.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/core/event_log.h"
#include "agent/core/events.h"

namespace ondol::agent {

// Only what was green before is required after. Attempts follow each other about a second apart; an answer to an attempt
// that was given up, or that belongs to another look, is not heard.
// Limits: a probe round 2 s, a contact 10 s; a required probe that is red three times in a row fails the trial.
// Thread: one. All times are boot time: steps of the wall clock mean nothing here.
class TrialWatch {
 public:
  enum class Verdict : std::uint8_t { kOpen, kGood, kBad };

  // Nothing is changed yet. Good = looked at everything and the collector answered on a connection of its own.
  void look_before(session::Contact who, const trial::TrialRules& rules, Turn& turn);
  // Applied. Good = all that was green before is green and the collector confirmed, in time.
  void begin(BootTime deadline, Turn& turn);
  // Undone. Good = the probes were made once more, or did not answer.
  void look_after_undo(Turn& turn);
  void rest();  // the trial is over; what was seen last stays
  void end();

  void on_probes(const ProbesDone& done, Turn& turn);
  void on_contact(const ContactMade& made, Turn& turn);
  void on_timer(Turn& turn);

  Verdict verdict(BootTime now) const;
  std::string reason() const;  // why it is bad
  BootTime next_due() const;
  BootTime deadline() const { return deadline_; }
  const std::vector<trial::ProbeTarget>& required() const { return required_; }  // all kinds, sorted
  std::vector<trial::ProbeResult> green_before() const;
  std::vector<trial::ProbeResult> seen() const;  // last of each required target, or of all before the change
  std::uint64_t new_attempt() { return ++attempts_; }

 private:
  enum class Stage : std::uint8_t { kIdle, kBefore, kAfter, kAfterUndo };
  struct Asked {
    std::optional<std::uint64_t> attempt;
    BootTime since{}, answer_by = BootTime::max(), next = BootTime::max();
    void give(std::uint64_t number, BootTime now, Milliseconds within);
    void answered(BootTime now);
  };

  void ask_probes(std::vector<trial::ProbeTarget> targets, Turn& turn);
  void ask_contact(Turn& turn);
  void note(trial::ProbeResult result);
  void note_contact(bool green, std::string text, Nanoseconds took);
  void take_reply(const session::ContactReply& reply, Turn& turn);
  void give_up_silent(Turn& turn);
  bool all_green() const;
  std::vector<trial::ProbeTarget> required_here() const;
  std::vector<std::uint16_t> required_ports() const;
  const trial::ProbeTarget* inbound(std::uint16_t port) const;

  Stage stage_ = Stage::kIdle;
  session::Contact who_;
  std::vector<trial::ProbeTarget> inbound_;  // as the rules name them
  std::vector<trial::ProbeTarget> required_;
  std::map<trial::ProbeTarget, trial::ProbeResult> seen_;
  std::map<trial::ProbeTarget, int> reds_;  // in a row
  Asked probes_, contact_;
  BootTime deadline_ = BootTime::max();
  std::uint64_t attempts_ = 0;
  bool reached_ = false, confirmed_ = false;
  std::string contact_text_, denied_;
};

}  // namespace ondol::agent
