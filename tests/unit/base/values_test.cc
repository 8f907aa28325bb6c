#include <gtest/gtest.h>

#include "common/base/author.h"
#include "common/base/backoff.h"
#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/ids.h"
#include "common/base/result.h"

namespace ondol {
namespace {

TEST(Error, says_where_what_and_the_remedy) {
  EXPECT_EQ(render(Error{Errc::kInvalidInput, "unknown key 'via2'", "layers/app/x.yaml:14:7", "did you mean 'via'?"}),
            "layers/app/x.yaml:14:7: unknown key 'via2' (did you mean 'via'?)");
  EXPECT_EQ(render(Error{Errc::kIo, "disk full", "", ""}), "disk full");
  EXPECT_EQ(to_string(Errc::kInterrupted), "interrupted");
}

Result<void> fails_early(bool& reached) {
  ONDOL_TRY(Result<int>(fail(Errc::kLimit, "too many")));
  reached = true;
  return {};
}

TEST(Error, try_returns_the_error_at_once) {
  bool reached = false;
  const auto result = fails_early(reached);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::kLimit);
  EXPECT_FALSE(reached);
}

TEST(HostNames, are_safe_in_a_file_name_a_uri_and_a_certificate) {
  for (const char* name : {"h1", "pay-web-01", "a.b_c-d", "0"}) EXPECT_TRUE(valid_host_name(name)) << name;
  for (const char* name : {"", "-h", ".h", "../h", "a/b", "A", "h 1", "h\n", "höst"}) EXPECT_FALSE(valid_host_name(name)) << name;
  EXPECT_TRUE(valid_host_name(std::string(63, 'a')));
  EXPECT_FALSE(valid_host_name(std::string(64, 'a')));
}

TEST(Digests, are_those_of_the_published_algorithms) {
  EXPECT_EQ(render(digest_of("")), "99aa06d3014798d86001c324468d497f");
  EXPECT_EQ(render(sha256_of("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Digests, come_back_from_bytes_of_the_right_length_only) {
  const Sha256 digest = sha256_of("x");
  EXPECT_EQ(sha256_from_bytes(as_bytes(digest)), digest);
  EXPECT_FALSE(sha256_from_bytes("short").has_value());
  EXPECT_FALSE(digest_from_bytes(as_bytes(digest)).has_value());
}

TEST(Clock, wall_time_is_written_in_utc_with_milliseconds_and_survives_a_round_trip) {
  const WallTime time = wall_from_unix_ns(1'795'168'931'123'456'789);
  EXPECT_EQ(render(time), "2026-11-20T10:02:11.123Z");
  EXPECT_EQ(unix_ns(time), 1'795'168'931'123'456'789);
}

TEST(Author, is_written_with_what_is_known_and_never_more) {
  Author author;
  EXPECT_EQ(render(author), "unknown process");
  author.pid = 4121;
  EXPECT_EQ(render(author), "unknown process (pid 4121)");
  author.comm = "ip";
  author.command = "ip route del 10.20.0.0/16";
  author.user = "kim";
  author.session = 12;
  author.ssh_from = "10.0.0.5";
  author.unit = "session-12.scope";
  EXPECT_EQ(render(author), "`ip route del 10.20.0.0/16` (pid 4121, user kim, session 12, from 10.0.0.5)");
}

TEST(Author, text_from_a_host_cannot_move_the_cursor_or_break_utf8) {
  EXPECT_EQ(escaped("\x1b[2J\n\t\x7f"), "\\x1b[2J\\x0a\\x09\\x7f");
  EXPECT_EQ(escaped("h\xc3\xb6st"), "h\xc3\xb6st");
  EXPECT_EQ(escaped("\xc2\x9b" "2J"), "\\xc2\\x9b2J") << "C1 control";
  EXPECT_EQ(escaped("\xff\xc3"), "\\xff\\xc3");
  EXPECT_EQ(escaped(std::string("a\0b", 3)), "a\\x00b");
}

TEST(Backoff, stays_below_a_window_that_doubles_up_to_the_ceiling_and_remembers) {
  Backoff backoff({Milliseconds{100}, Milliseconds{1'000}});
  const std::uint64_t late = 0xffff'ffff'ffff'ffffULL;
  EXPECT_LT(backoff.next(late), Milliseconds{100});
  EXPECT_LT(backoff.next(late), Milliseconds{200});
  for (int i = 0; i < 100; ++i) EXPECT_LT(backoff.next(late), Milliseconds{1'000});
  EXPECT_EQ(backoff.failures(), 4) << "no more than it takes to reach the ceiling";
  backoff.succeeded();
  EXPECT_EQ(backoff.failures(), 2);
}

TEST(Backoff, forgives_by_the_time_that_things_went_well) {
  Backoff backoff({Milliseconds{100}, Milliseconds{1'000}});
  for (int i = 0; i < 4; ++i) backoff.next(0);
  backoff.went_well(Seconds{59}, Seconds{60});
  EXPECT_EQ(backoff.failures(), 4);
  backoff.went_well(Seconds{180}, Seconds{60});
  EXPECT_EQ(backoff.failures(), 1);
  backoff.went_well(Seconds{3'600'000}, Seconds{60});
  EXPECT_EQ(backoff.failures(), 0);
}

}  // namespace
}  // namespace ondol
