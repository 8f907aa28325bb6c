// `trial:` and `probes:` of a layer: from YAML without templates to rules, with every check that needs no other layer.
#pragma once

#include "common/intent/layer.h"

namespace ondol::intent {

// `~` takes back deadline and enabled alike. Errors: unknown key, a deadline outside of 5 s to 1 h.
Checked<TrialPart> parse_trial(const yaml::Node& node);

// One entry of the list. Errors: not exactly one of tcp, dns and inbound; a name in place of an address; an address that
// nothing can be reached at; an impossible port.
Checked<ProbeItem> parse_probe(const yaml::Node& entry);

// The same thing is tried, whatever it is called.
bool is_same_probe(const trial::ProbeTarget& a, const trial::ProbeTarget& b);
std::string probe_text(const trial::ProbeTarget& target);  // "tcp 10.0.0.5:22", without its name

}  // namespace ondol::intent
