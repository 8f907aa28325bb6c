#include "agent/preflight/frame.h"

#include <gtest/gtest.h>

namespace ondol::preflight {
namespace {

routes::Route a_route() {
  routes::Route route;
  route.key.destination = parse_prefix("10.20.0.0/16").value();
  route.value.nexthops.push_back({parse_address("10.0.0.1").value(), routes::InterfaceName::make("eth0").value(), 3, true, "0005"});
  return route;
}

Question a_question() {
  Question question;
  question.links.push_back({2, routes::InterfaceName::make("eth0").value(), true, true, false, 1, true, 9000});
  question.links.push_back({9, routes::InterfaceName::make("vrf-blue").value(), false, false, true, 2, false, 0});
  question.addresses = {1, 2, 3, 4};
  question.rules = {5};
  question.routes = {6, 7};
  routes::RouteOp replace{routes::OpKind::kReplace, a_route(), 79, routes::ObservedRoute{a_route(), 4, routes::Ownership::kForeign}, true};
  replace.before->route.value.unmodelled = "0801";
  question.operations = {{routes::OpKind::kAdd, a_route(), 79, std::nullopt, false}, replace};
  question.targets = {{"collector", parse_address("2001:db8::5").value(), false}, {"bastion", parse_address("10.0.0.5").value(), true}};
  return question;
}

Verdict a_verdict() {
  Verdict verdict;
  const Reach there{true, routes::InterfaceName::make("eth0").value(), parse_address("10.0.0.1").value(),
                    parse_address("10.0.0.7").value(), ""};
  verdict.targets.push_back({there, {false, {}, std::nullopt, std::nullopt, "no route leads to it"}});
  verdict.judgement.refusals = {{1, "because"}, {trial::kNoneAlone, "together"}};
  verdict.judgement.notes = {"a note"};
  return verdict;
}

TEST(PreflightFrame, AQuestionComesBackAsItWasAsked) {
  const auto frame = encode_frame(a_question());
  ASSERT_TRUE(frame);
  const auto size = decode_frame_size(std::string_view(*frame).substr(0, kFrameHeader), kMaxQuestion);
  ASSERT_TRUE(size);
  EXPECT_EQ(*size, frame->size() - kFrameHeader);
  const auto question = decode_question(std::string_view(*frame).substr(kFrameHeader));
  ASSERT_TRUE(question) << render(question.error());
  EXPECT_EQ(*question, a_question());
}

TEST(PreflightFrame, AnAnswerComesBackAsItWasGiven) {
  const std::string frame = encode_frame(Result<Verdict>(a_verdict()));
  const auto verdict = decode_answer(std::string_view(frame).substr(kFrameHeader));
  ASSERT_TRUE(verdict) << render(verdict.error());
  EXPECT_EQ(*verdict, a_verdict());
}

TEST(PreflightFrame, AnErrorComesBackWithItsCode) {
  const std::string frame = encode_frame(Result<Verdict>(fail(Errc::kUnsupported, "the kernel lacks it")));
  const auto verdict = decode_answer(std::string_view(frame).substr(kFrameHeader));
  ASSERT_FALSE(verdict);
  EXPECT_EQ(verdict.error().code, Errc::kUnsupported);
  EXPECT_EQ(verdict.error().message, "the kernel lacks it");
}

TEST(PreflightFrame, EveryCutIsRefused) {
  const auto question = encode_frame(a_question());
  ASSERT_TRUE(question);
  for (std::size_t size = 0; size + kFrameHeader < question->size(); ++size) {
    EXPECT_FALSE(decode_question(std::string_view(*question).substr(kFrameHeader, size))) << size;
  }
  const std::string answer = encode_frame(Result<Verdict>(a_verdict()));
  for (std::size_t size = 0; size + kFrameHeader < answer.size(); ++size) {
    EXPECT_FALSE(decode_answer(std::string_view(answer).substr(kFrameHeader, size))) << size;
  }
}

TEST(PreflightFrame, NamesThatTheKernelWouldExpandAreRefused) {
  for (const char* name : {"eth%d", "a/b", "a b", "a:1", ""}) {
    Question question;
    question.links.push_back({2, routes::InterfaceName::make(name).value(), true, true});
    const auto frame = encode_frame(question);
    ASSERT_TRUE(frame);
    EXPECT_FALSE(decode_question(std::string_view(*frame).substr(kFrameHeader))) << name;
  }
}

TEST(PreflightFrame, LoopbackPeersAndImpossibleNumbersAreRefused) {
  for (const int index : {0, -1, 0x4000'0000}) {
    Question question;
    question.links.push_back({index, routes::InterfaceName::make("eth0").value(), true, true});
    const auto frame = encode_frame(question);
    ASSERT_TRUE(frame);
    EXPECT_FALSE(decode_question(std::string_view(*frame).substr(kFrameHeader))) << index;
  }
}

TEST(PreflightFrame, TooManyTargetsAreNotSent) {
  Question question;
  question.targets.resize(kMaxTargets + 1);
  const auto frame = encode_frame(question);
  ASSERT_FALSE(frame);
  EXPECT_EQ(frame.error().code, Errc::kLimit);
}

TEST(PreflightFrame, LongSentencesAreCutAndStillUnderstood) {
  Verdict verdict;
  verdict.judgement.notes = {std::string(5000, 'x')};
  const std::string frame = encode_frame(Result<Verdict>(verdict));
  const auto read = decode_answer(std::string_view(frame).substr(kFrameHeader));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->judgement.notes.at(0).size(), kMaxText);
}

TEST(PreflightFrame, SizesOutOfBoundsAreRefused) {
  EXPECT_FALSE(decode_frame_size(std::string_view("\0\0\0\0", 4), 10));
  EXPECT_FALSE(decode_frame_size(std::string_view("\0\0\0\13", 4), 10));
  EXPECT_EQ(decode_frame_size(std::string_view("\0\0\0\12", 4), 10).value(), 10U);
  EXPECT_FALSE(decode_frame_size("\1\1\1", 10));
}

}  // namespace
}  // namespace ondol::preflight
