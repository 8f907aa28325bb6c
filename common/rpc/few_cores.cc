// gRPC makes threads and per-core tables by the number of cores: dozens of threads on a server with 128 of them, for one
// stream. The linker leads its two questions here (CMakeLists.txt of this folder), so that a program is the same everywhere.
#include <grpc/support/cpu.h>

namespace {

constexpr unsigned kCores = 1;

}  // namespace

extern "C" {

unsigned __wrap_gpr_cpu_num_cores();  // NOLINT: the linker's name
unsigned __wrap_gpr_cpu_current_cpu();  // NOLINT

unsigned __wrap_gpr_cpu_num_cores() { return kCores; }
unsigned __wrap_gpr_cpu_current_cpu() { return 0; }
}
