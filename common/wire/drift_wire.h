// Drift records and generation results as stored and shown: proto <-> value.
#pragma once

#include "common/session/drift.h"
#include "ondol/v1/admin.pb.h"

namespace ondol::wire {

v1::Drift to_wire(const session::DriftRecord& drift);  // key_text and text filled in
Result<session::DriftRecord> from_wire(const v1::Drift& drift);
v1::GenerationResult to_wire(const session::GenerationResult& result);

// Deterministic bytes and back; texts for people are made again when shown.
std::string encode(const session::DriftRecord& drift);
Result<session::DriftRecord> decode_drift(std::string_view bytes);
std::string encode(const session::GenerationResult& result);
Result<session::GenerationResult> decode_generation_result(std::string_view bytes);

}  // namespace ondol::wire
