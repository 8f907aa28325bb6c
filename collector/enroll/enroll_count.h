// What the enrolment port tells whoever counts: one of these per conversation.
#pragma once

#include <string_view>

namespace ondol::enroll {

// One thing to count. issued: `label` is first or renewal (late_renewal counts as one of its own). Not
// issued: `label` is an error_code of enroll.proto, or one of over_limit handshake frame timeout broken.
struct EnrollCount {
  bool issued = false;
  std::string_view label;
};

inline constexpr std::string_view kLateRenewalLabel = "late_renewal";

}  // namespace ondol::enroll
