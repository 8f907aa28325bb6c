// Every key of the programs' own files, as options of a manual page of section 5. A test holds them against
// the parsers.
#pragma once

#include "common/manual/program.h"

namespace ondol::manual {

Command agent_file();      // agent.yaml
Command collector_file();  // collector.yaml
Command guard_file();      // guard.yaml

}  // namespace ondol::manual
