// What the collector says of layers, of the record and of identities.
#pragma once

#include <string>

#include "collector/cli/render/document.h"
#include "common/base/clock.h"
#include "ondol/v1/admin.pb.h"

namespace ondol::cli {

// "layers/app/x.yaml:14:7: error: unknown key 'via2' (did you mean 'via'?) [pay-web-01, pay-web-02 and 18 more]"
std::string finding_line(const v1::Finding& finding);
bool has_errors(const v1::ConfigReply& reply);
Document config_findings(const v1::ConfigReply& reply);  // and the counts of the reply as JSON
Json finding_json(const v1::Finding& finding);
Document config_checked(const v1::ConfigReply& reply);
Document config_applied(const v1::ConfigReply& reply);

Document cmdb_imported(const v1::ImportCmdbReply& reply, bool dry_run);
Document record_shown(const v1::Record& record);

Document token_created(const v1::CreateTokenReply& reply, const std::string& host, WallTime now);
Document host_revoked(const v1::RevokeHostReply& reply, const std::string& host);

}  // namespace ondol::cli
