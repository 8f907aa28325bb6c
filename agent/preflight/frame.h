// Question and answer as frames of a local stream: 4 bytes of length, then the message. Pure; any bytes may be given.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "agent/preflight/question.h"
#include "common/base/result.h"

namespace ondol::preflight {

inline constexpr std::size_t kFrameHeader = 4;
inline constexpr std::size_t kMaxQuestion = 64u << 20;  // bytes: about a million routes
inline constexpr std::size_t kMaxAnswer = 1u << 20;
inline constexpr std::size_t kMaxLinks = 4096;
inline constexpr std::size_t kMaxOperations = 200'000;
inline constexpr std::size_t kMaxTargets = 256;
inline constexpr std::size_t kMaxRefusals = 256;  // and as many notes: a judge cuts, a decoder refuses
inline constexpr std::size_t kMaxText = 512;      // bytes of one name or sentence

// With the length in front; kLimit when a bound is passed.
Result<std::string> encode_frame(const Question& question);
std::string encode_frame(const Result<Verdict>& answer);

// `header` is exactly kFrameHeader bytes; kLimit unless it says 1 to `most`.
Result<std::size_t> decode_frame_size(std::string_view header, std::size_t most);
Result<Question> decode_question(std::string_view message);
// The error that the other side sent is given as it is; kCorrupt when the bytes are no answer.
Result<Verdict> decode_answer(std::string_view message);

}  // namespace ondol::preflight
