#include "agent/state/framed_file.h"

#include <gtest/gtest.h>

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

TEST(AFile, ThatIsASymlinkIsNotFollowed) {
  ScratchDir scratch;
  const auto dir = Directory::open(scratch.path());
  write_bytes(scratch / "elsewhere", encode_frame(1, "not ours"));
  std::filesystem::create_symlink(scratch / "elsewhere", scratch / "confirmed");
  EXPECT_FALSE(read_framed(*dir, "confirmed", 1));
}

}  // namespace
}  // namespace ondol::agent
