// Changes of intent, commits and findings as the admin service tells them.
#pragma once

#include "collector/runtime/intent_answers.h"
#include "ondol/v1/admin.pb.h"

namespace ondol::collector {

v1::Finding to_wire(const intent::Finding& finding);
v1::HostGroup to_wire(const intent::ChangeGroup& group);
v1::ConfigPlan to_wire(const ConfigPlan& plan);
// `current`: the revision that is in force now.
v1::RevisionInfo to_wire(const store::CommitRow& commit, bool is_current);

}  // namespace ondol::collector
