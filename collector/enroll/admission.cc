#include "collector/enroll/admission.h"

#include <algorithm>

namespace ondol::enroll {

Admission AdmissionDesk::admit(const std::string& source, Time now) {
  if (open_ >= limits_.connections) return Admission::kClose;
  if (sources_.size() >= limits_.sources && !sources_.contains(source)) forget_idle();
  const auto [found, fresh] = sources_.try_emplace(source, Source{0, limits_.burst, limits_.burst, now});
  Source& known = found->second;
  if (known.open >= limits_.connections_per_source) return Admission::kClose;
  const double elapsed = std::chrono::duration<double>(std::max(now - known.filled, Time::zero())).count();
  for (double* bucket : {&known.serves, &known.refusals}) {
    *bucket = std::min(limits_.burst, *bucket + elapsed * limits_.rate_per_second);
  }
  known.filled = std::max(known.filled, now);
  double& bucket = known.serves >= 1 ? known.serves : known.refusals;
  if (bucket < 1) return Admission::kClose;
  const Admission verdict = known.serves >= 1 ? Admission::kServe : Admission::kBusy;
  bucket -= 1;
  ++known.open;
  ++open_;
  return verdict;
}

void AdmissionDesk::release(const std::string& source) {
  const auto found = sources_.find(source);
  if (found == sources_.end() || found->second.open == 0) return;
  --found->second.open;
  --open_;
}

// A forgotten source starts with a full burst again: the price of bounded memory, paid only under many
// sources.
void AdmissionDesk::forget_idle() {
  std::erase_if(sources_, [](const auto& entry) { return entry.second.open == 0; });
}

std::string source_of(const std::string& address) {
  static const std::string kMapped("\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
  if (address.starts_with(kMapped)) return address.substr(kMapped.size());
  return address.size() == 16 ? address.substr(0, 8) : address;
}

}  // namespace ondol::enroll
