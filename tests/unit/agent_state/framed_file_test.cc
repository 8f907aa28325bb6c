#include "agent/state/framed_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/fixtures/scratch_dir.h"

namespace ondol::agent {
namespace {

using fixtures::read_bytes;
using fixtures::ScratchDir;
using fixtures::write_bytes;

TEST(AFrame, ComesBackAsItWasWritten) {
  for (const std::string& payload : {std::string(), std::string("x"), std::string(100'000, '\0')}) {
    EXPECT_EQ(decode_frame(1, encode_frame(1, payload)).value(), payload);
  }
}

TEST(AFrame, ThatIsCutAtAnyByteIsCorrupt) {
  const std::string frame = encode_frame(1, "what was confirmed");
  for (std::size_t size = 0; size < frame.size(); ++size) {
    EXPECT_EQ(decode_frame(1, frame.substr(0, size)).error().code, Errc::kCorrupt) << size;
  }
  EXPECT_EQ(decode_frame(1, frame + "x").error().code, Errc::kCorrupt);
  EXPECT_EQ(decode_frame(2, frame).error().code, Errc::kCorrupt);
}

TEST(AFrame, WithAnyByteChangedIsCorrupt) {
  const std::string frame = encode_frame(1, "what was confirmed");
  for (std::size_t at = 0; at < frame.size(); ++at) {
    std::string broken = frame;
    broken[at] = static_cast<char>(broken[at] ^ 0x40);
    EXPECT_EQ(decode_frame(1, broken).error().code, Errc::kCorrupt) << at;
  }
}

TEST(AFile, ThatWasNeverWrittenIsEmptyAndABrokenOneIsNot) {
  ScratchDir scratch;
  const auto dir = Directory::open(scratch.path());
  EXPECT_FALSE(read_framed(*dir, "confirmed", 1)->has_value());
  ASSERT_TRUE(write_framed(*dir, "confirmed", 1, "state"));
  EXPECT_EQ(**read_framed(*dir, "confirmed", 1), "state");
  write_bytes(scratch / "confirmed", "torn");
  EXPECT_EQ(read_framed(*dir, "confirmed", 1).error().code, Errc::kCorrupt);
  EXPECT_EQ(read_bytes(scratch / "confirmed.corrupt"), "torn") << "kept for whoever looks into it";
  EXPECT_EQ(read_framed(*dir, "confirmed", 1).error().code, Errc::kCorrupt) << "also at the next start";
  ASSERT_TRUE(write_framed(*dir, "confirmed", 1, "whole again"));
  EXPECT_EQ(**read_framed(*dir, "confirmed", 1), "whole again");
}

TEST(AFile, KeepsItsOldContentUntilTheNewOneIsWhole) {
  ScratchDir scratch;
  const auto dir = Directory::open(scratch.path());
  ASSERT_TRUE(write_framed(*dir, "confirmed", 1, "old"));
  const std::string next = encode_frame(1, "new");
  for (std::size_t size = 0; size < next.size(); ++size) {  // killed while the temporary file was written
    write_bytes(scratch / "confirmed.new", next.substr(0, size));
    EXPECT_EQ(**read_framed(*dir, "confirmed", 1), "old");
  }
  ASSERT_TRUE(write_framed(*dir, "confirmed", 1, "new"));
  EXPECT_EQ(**read_framed(*dir, "confirmed", 1), "new");
}

// A descriptor that names the directory and cannot be synced, in the place of its own.
void break_sync(const Directory& dir) {
  const int named = ::open(dir.path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  ASSERT_GE(::dup2(named, dir.fd()), 0);
  ::close(named);
}

TEST(AFile, WhoseDirectoryCannotBeSyncedIsAsItWasBefore) {
  ScratchDir scratch;
  const auto dir = Directory::open(scratch.path());
  ASSERT_TRUE(write_framed(*dir, "confirmed", 1, "old"));
  break_sync(*dir);
  EXPECT_FALSE(write_framed(*dir, "confirmed", 1, "new"));
  EXPECT_EQ(**read_framed(*dir, "confirmed", 1), "old") << "what a restart would find is what we believe";
  EXPECT_FALSE(write_framed(*dir, "journal", 1, "new"));
  EXPECT_FALSE(read_framed(*dir, "journal", 1)->has_value());
  EXPECT_FALSE(remove_file(*dir, "confirmed"));
  EXPECT_EQ(**read_framed(*dir, "confirmed", 1), "old");
}

TEST(AFile, LeavesNothingBesideItselfWhenItIsWrittenAndRemoved) {
  ScratchDir scratch;
  const auto dir = Directory::open(scratch.path());
  ASSERT_TRUE(write_framed(*dir, "confirmed", 1, "old"));
  ASSERT_TRUE(write_framed(*dir, "confirmed", 1, "new"));
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(scratch.path())) files += entry.is_regular_file();
  EXPECT_EQ(files, 1U);
  ASSERT_TRUE(remove_file(*dir, "confirmed"));
  EXPECT_TRUE(std::filesystem::is_empty(scratch.path()));
}

TEST(AFile, ThatIsASymlinkIsNotFollowed) {
  ScratchDir scratch;
  const auto dir = Directory::open(scratch.path());
  write_bytes(scratch / "elsewhere", encode_frame(1, "not ours"));
  std::filesystem::create_symlink(scratch / "elsewhere", scratch / "confirmed");
  EXPECT_FALSE(read_framed(*dir, "confirmed", 1));
}

}  // namespace
}  // namespace ondol::agent
