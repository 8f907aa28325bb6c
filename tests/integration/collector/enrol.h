// One enrolment over 7444 with the agent's own code.
#pragma once

#include <filesystem>
#include <string>

#include "tests/integration/collector/real_collector.h"

namespace ondol::collector {

// Makes a token, enrols, and returns the directory with certificate.pem, key.pem and ca.pem.
std::string enrol(RealCollector& collector, const std::string& host, const std::filesystem::path& directory);

}  // namespace ondol::collector
