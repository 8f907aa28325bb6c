// Reads the command line that a program declared to CLI11.
#pragma once

#include "common/manual/program.h"

namespace CLI {
class App;
}

namespace ondol::manual {

// A value called host, revision, file, directory or PATH is completed as what it is called.
Command describe(const CLI::App& app);

}  // namespace ondol::manual
