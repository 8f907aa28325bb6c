// Journal, ledger and numbers as bytes and back; every length and count is bounded on the way in.
#pragma once

#include <string>
#include <string_view>

#include "agent/core/crash_watch.h"
#include "agent/core/stored_state.h"

namespace ondol::agent {

std::string encode(const Journal& journal);
Result<Journal> decode_journal(std::string_view bytes);
std::string encode(const Ledger& ledger);
Result<Ledger> decode_ledger(std::string_view bytes);
std::string encode(const Highest& highest);
Result<Highest> decode_highest(std::string_view bytes);
std::string encode(const std::vector<AppliedChange>& changes);
Result<std::vector<AppliedChange>> decode_changes(std::string_view bytes);
std::string encode(const StartRecord& record);
Result<StartRecord> decode_start_record(std::string_view bytes);

}  // namespace ondol::agent
