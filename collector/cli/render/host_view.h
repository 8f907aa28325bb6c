// Hosts as a person reads them: liveness with its reason, the four numbers, drift, and how old each of them is.
#pragma once

#include <string>
#include <vector>

#include "collector/cli/render/document.h"
#include "common/base/clock.h"
#include "ondol/v1/admin.pb.h"

namespace ondol::cli {

// kTrouble: the worst first, as v1::Trouble is numbered; of silent hosts the one that is silent longest; then by name.
// kLastSeen: never seen, then longest unseen first.
enum class HostOrder { kTrouble, kName, kLastSeen };
void sort_hosts(std::vector<v1::HostSummary>& hosts, HostOrder order);

Document host_list(const std::vector<v1::HostSummary>& hosts, WallTime now);
Document host_show(const v1::ShowHostReply& reply, WallTime now);
Document host_history(const v1::HostHistoryReply& reply, WallTime now);

// The pieces that list and show share.
Cell state_cell(const v1::HostSummary& host);
Cell count_cell(const v1::HostSummary& host, std::uint32_t count, Tone when_set);  // "?" when nobody observed it
std::string mode_word(const v1::FourNumbers& numbers);
Json summary_json(const v1::HostSummary& host, WallTime now);

Json record_json(const v1::Record& record);
Section record_section(const v1::Record& record);

}  // namespace ondol::cli
