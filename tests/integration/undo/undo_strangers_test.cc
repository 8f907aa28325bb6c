// Who may not use the keeper, and what it does not take.
#include <grp.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "tests/integration/undo/undo_host.h"

namespace ondol::undo {
namespace {

int dial(const std::string& path) {
  sockaddr_un where{};
  where.sun_family = AF_UNIX;
  std::memcpy(where.sun_path, path.data(), path.size());
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0) return fd;
  ::close(fd);
  return -1;
}

// What comes until the other side closes.
std::string talk(const std::string& path, const std::string& bytes) {
  const int fd = dial(path);
  EXPECT_GE(fd, 0);
  for (std::size_t at = 0; at < bytes.size();) {
    const ssize_t n = ::send(fd, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
    if (n <= 0) break;
    at += static_cast<std::size_t>(n);
  }
  std::string answer;
  char buffer[512];
  while (fixtures::is_readable(fd, 8'000)) {
    const ssize_t n = ::recv(fd, buffer, sizeof buffer, 0);
    if (n <= 0) break;
    answer.append(buffer, static_cast<std::size_t>(n));
  }
  ::close(fd);
  return answer;
}

std::string refusal(std::string bytes) {
  const auto message = take_message(bytes);
  const auto* refused = message && *message ? std::get_if<Refused>(&**message) : nullptr;
  return refused == nullptr ? "none" : refused->reason;
}

TEST_F(UndoHost, HostileMessagesAreClosedAndHarmNobody) {
  write_trial();
  deadline_ += Seconds{2};
  start_agent();
  std::string endless = encode(Arm{std::string(900, '/'), Generation{2}, deadline_, "b"});
  endless[8] = endless[9] = endless[10] = endless[11] = '\xff';
  std::string unknown_kind = encode(Disarm{});
  unknown_kind[12] = '\x77';
  for (const std::string& bytes : {std::string("GET / HTTP/1.1\r\n\r\n"), std::string(100'000, '\0'), endless, unknown_kind,
                                   encode(Disarm{}) + "x", encode(Armed{})}) {
    talk(config_.undo_socket, bytes);
  }
  std::vector<int> idle;
  for (int i = 0; i < 20; ++i) {
    idle.push_back(dial(config_.undo_socket));
    EXPECT_EQ(::send(idle.back(), "ondolun1", 8, MSG_NOSIGNAL), 8) << "half a message, and never more";
  }
  end(agent_);
  expect_undone(0.2);
  for (const int fd : idle) ::close(fd);
}

TEST_F(UndoHost, AnotherUserIsRefused) {
  write_trial();
  ASSERT_EQ(::chmod(scratch_.path().c_str(), 0755), 0);
  struct stat facts {};
  ASSERT_EQ(::stat(config_.undo_socket.c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777U, 0600U);
  ASSERT_EQ(::chmod(config_.undo_socket.c_str(), 0666), 0);
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  other_ = ::fork();
  if (other_ == 0) {
    ::alarm(20);
    if (::setgroups(0, nullptr) != 0 || ::setgid(65'534) != 0 || ::setuid(65'534) != 0) ::_exit(2);
    const std::string reason = refusal(talk(config_.undo_socket, encode(Arm{config_.state_dir, Generation{2}, deadline_, agent::read_boot_id()})));
    if (::write(ends[1], reason.data(), reason.size()) < 0) ::_exit(3);
    ::_exit(0);
  }
  ::close(ends[1]);
  char buffer[512] = {};
  ASSERT_GT(::read(ends[0], buffer, sizeof buffer - 1), 0);
  EXPECT_NE(std::string(buffer).find("uid 65534"), std::string::npos) << buffer;
}

TEST_F(UndoHost, WhatTheJournalDoesNotShowIsRefused) {
  write_trial();
  const std::string boot = agent::read_boot_id();
  const auto refused = [&](const Arm& arm) { return refusal(talk(config_.undo_socket, encode(arm))); };
  EXPECT_NE(refused({config_.state_dir, Generation{3}, deadline_ + Seconds{9}, boot}).find("it is of generation 2"), std::string::npos);
  EXPECT_NE(refused({scratch_ / "nowhere", Generation{2}, deadline_ + Seconds{9}, boot}), "none");
  EXPECT_FALSE(std::filesystem::exists(scratch_ / "nowhere")) << "made by asking";
  EXPECT_NE(refused({"state", Generation{2}, deadline_ + Seconds{9}, boot}), "none");
  EXPECT_NE(refused({config_.state_dir, Generation{2}, deadline_ + Seconds{9}, "another boot"}), "none");
  EXPECT_NE(refused({config_.state_dir, Generation{2}, BootTime{}, boot}), "none");
  EXPECT_NE(refused({config_.state_dir, Generation{2}, read_now().boot + Seconds{10'000}, boot}), "none");
  EXPECT_NE(refused({config_.state_dir, Generation{0}, deadline_ + Seconds{9}, boot}), "none");
  std::filesystem::remove(config_.state_dir + "/journal");
  EXPECT_NE(refused({config_.state_dir, Generation{2}, deadline_ + Seconds{9}, boot}), "none");
}

TEST_F(UndoHost, WithoutAKeeperArmingFailsAndSaysWhere) {
  boost::asio::io_context loop;
  UndoClient client(loop, {scratch_ / "nobody.sock", config_.state_dir, agent::read_boot_id()}, nullptr);
  const auto armed = client.arm(Generation{2}, read_now().boot + Seconds{60});
  ASSERT_FALSE(armed);
  EXPECT_EQ(armed.error().code, Errc::kUnavailable);
  EXPECT_NE(render(armed.error()).find("nobody.sock"), std::string::npos);
}

}  // namespace
}  // namespace ondol::undo
