// Who may hold an enrolment connection: a cap over all, a cap and a rate for each source. Pure.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <string>

namespace ondol::enroll {

struct AdmissionLimits {
  std::size_t connections = 256;            // open at one time
  std::size_t connections_per_source = 16;  // open at one time
  double rate_per_second = 20;  // conversations of one source, in the long run; as many hear "busy"
  double burst = 64;            // conversations of one source, at once
  std::size_t sources = 4096;   // remembered
};

enum class Admission {
  kServe,
  kBusy,   // over its rate: hears so, and is judged no further
  kClose,  // over a cap, or far over its rate: not even TLS is spent on it
};

// Time is any steady clock's, given by the caller. Thread: one.
class AdmissionDesk {
 public:
  using Time = std::chrono::nanoseconds;

  explicit AdmissionDesk(const AdmissionLimits& limits) : limits_(limits) {}

  // kServe and kBusy hold a place until release.
  Admission admit(const std::string& source, Time now);
  void release(const std::string& source);
  std::size_t open() const { return open_; }

 private:
  struct Source {
    std::size_t open = 0;
    double serves = 0, refusals = 0;  // apart: or hearing "busy" often enough would mean being served never
    Time filled{};
  };
  void forget_idle();

  AdmissionLimits limits_;
  std::map<std::string, Source> sources_;
  std::size_t open_ = 0;
};

// The key of a peer: its IPv4 address, or the /64 of its IPv6 address (one host owns all of that).
// `address` has 4 or 16 bytes; an IPv4 address mapped into IPv6 is IPv4.
std::string source_of(const std::string& address);

}  // namespace ondol::enroll
