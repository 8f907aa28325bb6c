// What a change of intent does: hosts with equal changes together, deletions and take-overs by name.
#pragma once

#include <string>

#include "collector/cli/render/document.h"
#include "ondol/v1/admin.pb.h"

namespace ondol::cli {

// "this revision changes 214 hosts in 7 ways", each way, and warnings. Tables show ten lines of a way,
// `everything` all.
Document config_planned(const v1::ConfigReply& reply, bool everything);
// As config_applied, after what it does.
Document config_applied_with_plan(const v1::ConfigReply& reply, bool everything);

// The pieces that plan and diff share.
Section group_section(const v1::HostGroup& group, std::size_t number, bool everything);
Json group_json(const v1::HostGroup& group);

}  // namespace ondol::cli
