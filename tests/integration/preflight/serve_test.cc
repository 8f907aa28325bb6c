// The preflight program against strangers, nonsense, bad places and its own death.
#include <sys/wait.h>

#include "agent/preflight/frame.h"
#include "agent/preflight/local_stream.h"
#include "tests/integration/preflight/preflight_host.h"

namespace ondol::preflight {
namespace {

using fixtures::output_of;
using fixtures::run;

class Serve : public PreflightHost {
 protected:
  // What comes back for bytes that no client sends; empty = it hung up.
  std::string send_raw(const std::string& bytes) {
    LocalStream stream(::socket(AF_UNIX, SOCK_STREAM, 0), std::chrono::steady_clock::now() + std::chrono::seconds(8));
    EXPECT_TRUE(stream.connect(socket_path_));
    EXPECT_TRUE(stream.write(bytes));
    ::shutdown(stream.fd(), SHUT_WR);
    const auto answer = stream.read_frame(kMaxAnswer);
    if (!answer) return {};
    const auto verdict = decode_answer(*answer);
    return verdict ? "a verdict" : verdict.error().message;
  }

  void expect_that_it_works() {
    const Verdict verdict = ask_host({add(route_nowhere("10.9.0.5/32", RouteType::kBlackhole))}, {target("c", "10.9.0.5")});
    EXPECT_EQ(verdict.judgement.refusals.size(), 1U);
  }
};

TEST_F(Serve, NobodyListensIsAnErrorThatNamesTheSocket) {
  const auto verdict = ask("/nowhere/preflight.sock", {});
  ASSERT_FALSE(verdict);
  EXPECT_EQ(verdict.error().code, Errc::kUnavailable);
  EXPECT_EQ(verdict.error().message,
            "the preflight program at /nowhere/preflight.sock gave no answer: cannot connect: No such file or directory");
}

TEST_F(Serve, NonsenseIsRefusedAndTheNextQuestionIsAnswered) {
  const auto frame = encode_frame(Question{});
  ASSERT_TRUE(frame);
  EXPECT_EQ(send_raw(""), "");
  EXPECT_EQ(send_raw("\xff\xff\xff\xff rubbish"), "a frame of 4294967295 bytes; it holds 1 to 67108864");
  EXPECT_EQ(send_raw(frame->substr(0, frame->size() - 1)), "");
  EXPECT_EQ(send_raw(std::string("\0\0\0\4zzzz", 8)), "not a preflight question of this version");
  std::string cut = frame->substr(0, frame->size() - 1);
  cut[3] = static_cast<char>(cut.size() - kFrameHeader);
  EXPECT_EQ(send_raw(cut), "the preflight question is malformed");
  expect_that_it_works();
}

TEST_F(Serve, LinksThatTheKernelRefusesAreSaidAndLeaveNothingBehind) {
  Question question;
  for (const int index : {7, 8}) question.links.push_back({index, routes::InterfaceName::make("same").value(), true, true});
  const auto verdict = ask(socket_path_, question);
  ASSERT_FALSE(verdict);
  EXPECT_EQ(verdict.error().message, "cannot make links like this host's: File exists");
  expect_that_it_works();
}

TEST_F(Serve, RawMessagesThatAreCutOrForeignAreLeftOut) {
  auto question = read_host({}, std::vector{target("c", "10.9.0.5")});
  ASSERT_TRUE(question);
  question->routes.resize(question->routes.size() - 3);
  question->rules.insert(question->rules.end(), {0xff, 0xff, 0, 0, 1, 2, 3});
  question->addresses.insert(question->addresses.end(), question->routes.begin(), question->routes.end());
  const auto verdict = ask(socket_path_, *question);
  ASSERT_TRUE(verdict) << render(verdict.error());
  EXPECT_TRUE(verdict->targets.at(0).before.there);
  expect_that_it_works();
}

TEST_F(Serve, AnotherUserIsHungUpOn) {
  run("chmod 711 " + dir_.path() + "; chmod 666 " + socket_path_);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const bool dropped = ::setgid(65534) == 0 && ::setuid(65534) == 0;
    const auto verdict = ask(socket_path_, {});
    ::_exit(dropped && !verdict && verdict.error().code == Errc::kUnavailable ? 0 : 1);
  }
  EXPECT_EQ(fixtures::wait_for(child), 0);
  expect_that_it_works();
}

// Waits until the program has begun to re-create the host, and kills it.
void kill_at_work(pid_t program) {
  const std::string links = fmt::format("/proc/{}/net/dev", program);
  while (fixtures::read_bytes(links).find("eth0") == std::string::npos) {
  }
  ::kill(program, SIGKILL);
}

TEST_F(Serve, KilledHalfWayItCostsAnErrorAndTheHostStaysAsItIs) {
  std::string batch;
  for (int i = 0; i < 2000; ++i) batch += fmt::format("route add 10.{}.{}.0/24 via 10.0.0.2\n", 100 + i / 256, i % 256);
  fixtures::write_text(dir_ / "batch", batch);
  run("ip -batch " + (dir_ / "batch"));
  expect_that_it_works();
  const std::string before = everything();
  const std::string routes = output_of("ip route");
  const auto question = read_host(std::vector{add(route_to("10.50.0.0/16", "10.0.0.2"))}, {});
  ASSERT_TRUE(question);
  const pid_t killer = ::fork();
  ASSERT_GE(killer, 0);
  if (killer == 0) {
    kill_at_work(program_->pid());
    ::_exit(0);
  }
  const auto verdict = ask(socket_path_, *question);
  EXPECT_EQ(fixtures::wait_for(killer), 0);
  EXPECT_EQ(program_->wait(), 128 + SIGKILL);
  ASSERT_FALSE(verdict);
  EXPECT_EQ(verdict.error().code, Errc::kUnavailable);
  EXPECT_NE(verdict.error().message.find(socket_path_ + " gave no answer"), std::string::npos) << verdict.error().message;
  EXPECT_EQ(output_of("ip route"), routes);
  EXPECT_EQ(everything(), before);
  // The socket outlives the program: systemd starts it again when it is asked, and so does this test.
  program_->start();
  expect_that_it_works();
}

TEST_F(Serve, ItNeedsNoRightsButThoseOverItsOwnNetwork) {
  program_->stop();
  run("chmod 711 " + dir_.path());
  program_->start(
      "unshare --net setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all,+net_admin "
      "--ambient-caps=-all,+net_admin --bounding-set=-all,+net_admin --no-new-privs");
  expect_that_it_works();
  expect_that_it_works();
}

TEST_F(Serve, InANamespaceThatIsInUseItRefusesAndTouchesNothing) {
  program_->stop();
  const std::string before = everything();
  program_->start("env");  // given this very namespace
  const auto verdict = ask(socket_path_, Question{});  // answered, so that it is not started for this call once more
  EXPECT_EQ(program_->wait(), 1);
  ASSERT_FALSE(verdict);
  EXPECT_EQ(verdict.error().code, Errc::kRefused);
  EXPECT_EQ(verdict.error().message.find("this network namespace is in use: it has the link "), 0U) << verdict.error().message;
  EXPECT_EQ(everything(), before);
  const std::string by_hand = kProgram + " --socket " + (dir_ / "hand.sock");
  const std::string said = output_of("setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin " + by_hand + " 2>&1 || true");
  EXPECT_NE(said.find("it may not make a network namespace of its own (Operation not permitted)"), std::string::npos) << said;
  EXPECT_EQ(everything(), before);
}

TEST_F(Serve, InAnEmptyNamespaceThatNobodyGaveItItRefusesToStay) {
  const std::string by_hand = kProgram + " --socket " + (dir_ / "hand.sock");
  const std::string said =
      output_of("unshare --net setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin " + by_hand + " 2>&1 || true");
  EXPECT_NE(said.find("it may not make a network namespace of its own (Operation not permitted)"), std::string::npos) << said;
}

TEST_F(Serve, WhoAsksFromTheNamespaceThatItWorksInIsRefused) {
  expect_that_it_works();
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const int space = ::open(fmt::format("/proc/{}/ns/net", program_->pid()).c_str(), O_RDONLY);
    const bool moved = ::setns(space, CLONE_NEWNET) == 0;
    const auto verdict = ask(socket_path_, {});
    ::_exit(moved && !verdict && verdict.error().code == Errc::kRefused ? 0 : 1);
  }
  EXPECT_EQ(fixtures::wait_for(child), 0);
}

TEST_F(Serve, WhatIsNoSocketIsNotRemoved) {
  const std::string path = dir_ / "precious";
  fixtures::write_text(path, "mine");
  const std::string said = output_of(kProgram + " --socket " + path + " 2>&1 || true");
  EXPECT_NE(said.find("there is something else than a socket"), std::string::npos) << said;
  EXPECT_EQ(output_of("cat " + path), "mine");
  run("rm " + path + "; ln -s " + socket_path_ + "x " + path);
  EXPECT_NE(output_of(kProgram + " --socket " + path + " 2>&1 || true").find("something else"), std::string::npos);
}

TEST_F(Serve, LinksOfTheScratchNamespaceHaveOneQueue) {
  expect_that_it_works();  // it is in its own namespace now
  const auto question = read_host({}, {});
  ASSERT_TRUE(question);
  const pid_t asker = ::fork();
  ASSERT_GE(asker, 0);
  if (asker == 0) {
    while (true) (void)ask(socket_path_, *question);  // looked at while it works
  }
  std::string found;
  while (found.empty()) {
    found = output_of(fmt::format("nsenter -t {} -n ip -d -o link show dev eth0 2>/dev/null || true", program_->pid()));
  }
  ::kill(asker, SIGKILL);
  fixtures::wait_for(asker);
  EXPECT_NE(found.find("numtxqueues 1 "), std::string::npos) << found;
  EXPECT_NE(found.find("numrxqueues 1 "), std::string::npos) << found;
}

TEST_F(Serve, InANamespaceWithRoutesItRefuses) {
  program_->stop();
  program_->start("unshare --net sh -c 'ip link set lo up; ip route add 10.0.0.0/8 via 127.0.0.1; exec \"$@\"' sh");
  EXPECT_FALSE(ask(socket_path_, Question{}));
  EXPECT_EQ(program_->wait(), 1);
}

TEST_F(Serve, StartedByHandItMakesANamespaceOfItsOwn) {
  program_->stop();
  const std::string path = dir_ / "hand.sock";
  const std::string before = everything();
  const pid_t program = fixtures::start("exec " + kProgram + " --socket " + path);
  const auto question = read_host(std::vector{add(route_nowhere("0.0.0.0/1", RouteType::kBlackhole))},
                                  std::vector{target("collector", "10.9.0.5")});
  auto verdict = ask(path, *question);
  for (int i = 0; i < 500 && !verdict; ++i) {
    ::poll(nullptr, 0, 10);
    verdict = ask(path, *question);
  }
  ASSERT_TRUE(verdict) << render(verdict.error());
  EXPECT_EQ(verdict->judgement.refusals.size(), 1U);
  EXPECT_EQ(output_of("stat -c %a " + path), "600\n");
  const std::string second = output_of(kProgram + " --socket " + path + " 2>&1 || true");
  EXPECT_NE(second.find("another program answers on this socket"), std::string::npos) << second;
  ::kill(program, SIGKILL);
  fixtures::wait_for(program);
  EXPECT_EQ(everything(), before);
}

}  // namespace
}  // namespace ondol::preflight
