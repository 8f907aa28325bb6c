#include "agent/runtime/start_watch.h"

#include <utility>

#include "common/journal/journal.h"

namespace ondol::agent {

void StartWatch::begin(const std::string& boot_id, BootTime now) {
  began_ = now;
  const StartRecord last = state_.read_starts();
  keep(judge_start(last, boot_id, now));
  if (!record_.safe_mode.empty()) changed_(record_.safe_mode);
}

void StartWatch::look(BootTime now) {
  const std::string before = record_.safe_mode;
  keep(judge_calm(record_, now - began_));
  if (record_.safe_mode != before) changed_(record_.safe_mode);
}

void StartWatch::release() {
  keep(release_safe_mode(record_));
  changed_("");
}

void StartWatch::end() { keep(end_cleanly(record_)); }

void StartWatch::keep(StartRecord record) {
  if (record == record_ && !told_) return;  // what was not written is tried again
  record_ = std::move(record);
  const auto written = state_.write_starts(record_);
  if (!written && !std::exchange(told_, true)) journal::write(journal::Event::agent_state_failed, render(written.error()));
  if (written) told_ = false;
}

}  // namespace ondol::agent
