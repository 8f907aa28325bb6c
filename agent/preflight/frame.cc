#include "agent/preflight/frame.h"

#include <algorithm>
#include <utility>

#include "common/base/byte_stream.h"
#include "common/resources/routes/route_codec.h"

namespace ondol::preflight {
namespace {

constexpr std::uint32_t kQuestionMark = 0x3246504f;  // "OPF2": both sides are of one version
constexpr std::uint32_t kAnswerMark = 0x3141504f;
constexpr std::size_t kMaxUnmodelled = 4096;

void put_one(ByteWriter& out, const HostLink& link) {
  out.u32(static_cast<std::uint32_t>(link.index));
  out.text(link.name.view());
  out.u8(static_cast<std::uint8_t>((link.up ? 1 : 0) | (link.running ? 2 : 0) | (link.is_vrf ? 4 : 0) |
                                   (link.ignores_linkdown ? 8 : 0)));
  out.u8(link.rp_filter);
  out.u32(link.mtu);
}

// The kernel reads '%' in a new name as a template.
bool is_plain(std::string_view name) { return !name.empty() && name.find_first_of("%/: \t\n") == name.npos; }

void get_one(ByteReader& in, HostLink& link) {
  const std::uint32_t index = in.u32();
  const auto name = routes::InterfaceName::make(in.text(15));
  const std::uint8_t flags = in.u8();
  link.rp_filter = in.u8();
  link.mtu = in.u32();
  if (index == 0 || index > 0x1ffe'ffff || !name || !is_plain(name->view()) || flags > 15 || link.rp_filter > 2) {
    return in.spoil();
  }
  link.index = static_cast<int>(index);
  link.name = *name;
  link.up = (flags & 1) != 0;
  link.running = (flags & 2) != 0;
  link.is_vrf = (flags & 4) != 0;
  link.ignores_linkdown = (flags & 8) != 0;
}

// What a file of operations leaves out: the kernel compares it when it looks at what would be replaced.
void put_one(ByteWriter& out, const routes::RouteOp& operation) {
  routes::put(out, operation);
  out.text(operation.before ? operation.before->route.value.unmodelled : std::string());
}

void get_one(ByteReader& in, routes::RouteOp& operation) {
  routes::get(in, operation);
  const std::string_view unmodelled = in.text(kMaxUnmodelled);
  if (operation.before) operation.before->route.value.unmodelled = unmodelled;
  if (operation.kind == routes::OpKind::kReplace && !operation.before) in.spoil();
}

void put_one(ByteWriter& out, const trial::ReachTarget& target) {
  out.text(std::string_view(target.name).substr(0, kMaxText));
  routes::put(out, target.address);
  out.u8(target.calls_us ? 1 : 0);
}

void get_one(ByteReader& in, trial::ReachTarget& target) {
  target.name = in.text(kMaxText);
  routes::get(in, target.address);
  target.calls_us = in.u8() != 0;
}

void put_one(ByteWriter& out, const std::optional<IpAddress>& address) {
  out.u8(address ? 1 : 0);
  if (address) routes::put(out, *address);
}

void get_one(ByteReader& in, std::optional<IpAddress>& address) {
  if (in.u8() != 0) routes::get(in, address.emplace());
}

void put_one(ByteWriter& out, const Reach& reach) {
  out.u8(reach.there ? 1 : 0);
  out.text(reach.interface.view());
  put_one(out, reach.gateway);
  put_one(out, reach.source);
  out.text(std::string_view(reach.text).substr(0, kMaxText));
}

void get_one(ByteReader& in, Reach& reach) {
  reach.there = in.u8() != 0;
  const auto name = routes::InterfaceName::make(in.text(15));
  if (!name) return in.spoil();
  reach.interface = *name;
  get_one(in, reach.gateway);
  get_one(in, reach.source);
  reach.text = in.text(kMaxText);
}

void put_one(ByteWriter& out, const TargetReach& target) {
  put_one(out, target.before);
  put_one(out, target.after);
}

void get_one(ByteReader& in, TargetReach& target) {
  get_one(in, target.before);
  get_one(in, target.after);
}

void put_one(ByteWriter& out, const trial::PreflightRefusal& refusal) {
  out.u64(refusal.operation);
  out.text(std::string_view(refusal.reason).substr(0, kMaxText));
}

void get_one(ByteReader& in, trial::PreflightRefusal& refusal) {
  refusal.operation = in.u64();
  refusal.reason = in.text(kMaxText);
}

void put_one(ByteWriter& out, const std::string& text) { out.text(std::string_view(text).substr(0, kMaxText)); }
void get_one(ByteReader& in, std::string& text) { text = in.text(kMaxText); }

template <typename T>
void put_all(ByteWriter& out, const std::vector<T>& all) {
  out.u32(static_cast<std::uint32_t>(all.size()));
  for (const T& one : all) put_one(out, one);
}

template <typename T>
void get_all(ByteReader& in, std::vector<T>& all, std::size_t most) {
  for (std::uint32_t left = in.count(static_cast<std::uint32_t>(most)); left > 0 && in.good(); --left) {
    get_one(in, all.emplace_back());
  }
}

void put_messages(ByteWriter& out, const Messages& messages) {
  out.text({reinterpret_cast<const char*>(messages.data()), messages.size()});
}

void get_messages(ByteReader& in, Messages& messages) {
  const std::string_view bytes = in.text(kMaxQuestion);
  messages.assign(bytes.begin(), bytes.end());
}

std::string framed(std::string message) {
  std::string frame;
  for (const int shift : {24, 16, 8, 0}) frame += static_cast<char>((message.size() >> shift) & 255);
  return frame + message;
}

// Closed, so that a foreign number is seen.
std::optional<Errc> errc_from(std::uint8_t number) {
  if (number > static_cast<std::uint8_t>(Errc::kInterrupted)) return std::nullopt;
  return static_cast<Errc>(number);
}

}  // namespace

Result<std::string> encode_frame(const Question& question) {
  if (question.links.size() > kMaxLinks || question.operations.size() > kMaxOperations ||
      question.targets.size() > kMaxTargets) {
    return fail(Errc::kLimit, "too many links, operations or targets for a preflight");
  }
  ByteWriter out;
  out.u32(kQuestionMark);
  put_all(out, question.links);
  for (const Messages* messages : {&question.addresses, &question.nexthops, &question.rules, &question.routes}) {
    put_messages(out, *messages);
  }
  put_all(out, question.operations);
  put_all(out, question.targets);
  std::string message = std::move(out).take();
  if (message.size() > kMaxQuestion) return fail(Errc::kLimit, "this host has too many routes for a preflight");
  return framed(std::move(message));
}

std::string encode_frame(const Result<Verdict>& answer) {
  ByteWriter out;
  out.u32(kAnswerMark);
  out.u8(answer ? 1 : 0);
  if (!answer) {
    out.u8(static_cast<std::uint8_t>(answer.error().code));
    put_one(out, answer.error().message);
    return framed(std::move(out).take());
  }
  put_all(out, answer->targets);
  put_all(out, answer->judgement.refusals);
  put_all(out, answer->judgement.notes);
  return framed(std::move(out).take());
}

Result<std::size_t> decode_frame_size(std::string_view header, std::size_t most) {
  if (header.size() != kFrameHeader) return fail(Errc::kInvalidInput, "a frame begins with 4 bytes");
  std::size_t size = 0;
  for (const char c : header) size = (size << 8) | static_cast<std::uint8_t>(c);
  if (size == 0 || size > most) {
    return fail(Errc::kLimit, "a frame of " + std::to_string(size) + " bytes; it holds 1 to " + std::to_string(most));
  }
  return size;
}

Result<Question> decode_question(std::string_view message) {
  ByteReader in(message);
  if (in.u32() != kQuestionMark) return fail(Errc::kInvalidInput, "not a preflight question of this version");
  Question question;
  get_all(in, question.links, kMaxLinks);
  for (Messages* messages : {&question.addresses, &question.nexthops, &question.rules, &question.routes}) {
    get_messages(in, *messages);
  }
  get_all(in, question.operations, kMaxOperations);
  get_all(in, question.targets, kMaxTargets);
  if (!in.good() || !in.at_end()) return fail(Errc::kInvalidInput, "the preflight question is malformed");
  return question;
}

Result<Verdict> decode_answer(std::string_view message) {
  ByteReader in(message);
  if (in.u32() != kAnswerMark) return fail(Errc::kCorrupt, "not a preflight answer of this version");
  if (in.u8() == 0) {
    const auto code = errc_from(in.u8());
    std::string text;
    get_one(in, text);
    if (!code || !in.good() || !in.at_end()) return fail(Errc::kCorrupt, "the preflight answer is malformed");
    return fail(*code, std::move(text));
  }
  Verdict verdict;
  get_all(in, verdict.targets, kMaxTargets);
  get_all(in, verdict.judgement.refusals, kMaxRefusals);
  get_all(in, verdict.judgement.notes, kMaxRefusals);
  if (!in.good() || !in.at_end()) return fail(Errc::kCorrupt, "the preflight answer is malformed");
  return verdict;
}

}  // namespace ondol::preflight
