#include "common/wire/session_wire.h"

#include <gtest/gtest.h>

#include "common/wire/routes_wire.h"
#include "common/wire/session_convert.h"
#include "tests/unit/wire/written.h"

namespace ondol::wire {
namespace {

template <typename Inbox, typename Message>
std::vector<Message> carried(const Message& message) {
  Inbox inbox;
  std::vector<Message> out;
  for (Frames frames(message); !frames.done();) {
    const std::string frame = frames.next();
    EXPECT_LE(frame.size(), kMaxFrameBytes);
    auto taken = inbox.take(frame);
    EXPECT_TRUE(taken) << render(taken.error());
    if (taken && *taken) out.push_back(**std::move(taken));
  }
  return out;
}
std::vector<session::ToCollector> up(const session::ToCollector& message) { return carried<AgentFrames>(message); }
std::vector<session::ToAgent> down(const session::ToAgent& message) { return carried<CollectorFrames>(message); }

TEST(SessionWire, EveryMessageOfTheAgentComesBackAsItWas) {
  const auto report = report_of(2'000);
  session::Heartbeat beat{5, {{session::ResourceType::kRoutes, digest_of("a"), 7, "torn dump", Milliseconds{12}}, {}}, {}, EventSequence{3}};
  const session::GenerationStatus status{session::ResourceType::kRoutes, Generation{5}, Generation{4}, Generation{4}, "guard: hold", {}};
  for (const session::ToCollector& message :
       {session::ToCollector(hello_of("h1")), session::ToCollector(beat), session::ToCollector(status),
        session::ToCollector(value_of(report, encode(report)))}) {
    const auto back = up(message);
    ASSERT_EQ(back.size(), 1u);
    EXPECT_EQ(back[0], message);
  }
}

TEST(SessionWire, EveryMessageOfTheCollectorComesBackAsItWas) {
  session::Welcome welcome{SessionId{"s"}, EventSequence{4}, {{session::ResourceType::kRoutes, digest_of("a")}}, Milliseconds{1000}, Generation{9}, "1"};
  for (const session::ToAgent& message :
       {session::ToAgent(welcome), session::ToAgent(session::EventAck{EventSequence{7}}),
        session::ToAgent(session::ValueAck{session::ResourceType::kRoutes, digest_of("b")}), session::ToAgent(session::ValueRequest{}),
        session::ToAgent(session::DesiredOffer{desired_of(40'000)}), session::ToAgent(session::DesiredOffer{}),
        session::ToAgent(session::Goodbye{"later", Milliseconds{5}})}) {
    const auto back = down(message);
    ASSERT_EQ(back.size(), 1u);
    EXPECT_EQ(back[0], message);
  }
}

TEST(SessionWire, ALargeEventBatchIsSplitAndLosesNothing) {
  session::EventBatch batch{EventSequence{100}, {}, 3};
  session::GenerationResult wide;
  for (std::uint32_t i = 0; i < 100; ++i) {
    wide.refused.push_back({route_number(i).key, routes::RouteState::kConflict, std::string(250, 'r'), Author{}, {}});
  }
  for (std::uint64_t i = 0; i < 30; ++i) batch.events.push_back({EventSequence{100 + i}, {}, wide});
  const auto back = up(batch);
  ASSERT_GT(back.size(), 1u);
  std::vector<session::HostEvent> joined;
  std::uint64_t lost = 0;
  for (const auto& message : back) {
    const auto& part = std::get<session::EventBatch>(message);
    EXPECT_EQ(part.first, part.events.front().sequence);
    joined.insert(joined.end(), part.events.begin(), part.events.end());
    lost += part.lost;
  }
  EXPECT_EQ(joined, batch.events);
  EXPECT_EQ(lost, 3u);
}

TEST(SessionWire, TheLargestSingleEventFitsAFrame) {
  routes::RouteValue wide;
  for (int i = 0; i < 64; ++i) {
    wide.nexthops.push_back({*parse_address("2001:db8::1"), *routes::InterfaceName::make("fifteen-bytes-x"), 256, true, std::string(512, 'f')});
  }
  session::RouteChange change{route_number(1).key, session::ChangeKind::kReplaced, wide, wide, 3, Author{}};
  change.author->command = std::string(512, 'c');
  EXPECT_EQ(up(session::EventBatch{EventSequence{1}, {{EventSequence{1}, {}, change}}, 0}).size(), 1u);
}

TEST(SessionWire, ABatchWithoutEventsCarriesItsLosses) {
  const session::EventBatch batch{EventSequence{5}, {}, 17};
  EXPECT_EQ(up(batch), std::vector<session::ToCollector>{batch});
}

template <typename Break>
bool is_refused(Break what) {
  v1::AgentMessage message;
  what(message);
  return !AgentFrames().take(message.SerializeAsString());
}

TEST(SessionWire, HelloIsCheckedWhole) {
  const auto hello = [](auto change) {
    return is_refused([change](v1::AgentMessage& m) {
      *m.mutable_hello() = to_wire(hello_of("h1"));
      change(*m.mutable_hello());
    });
  };
  EXPECT_FALSE(hello([](v1::Hello&) {}));
  EXPECT_TRUE(hello([](v1::Hello& h) { h.clear_host(); }));
  EXPECT_TRUE(hello([](v1::Hello& h) { h.set_host("../../etc/passwd"); }));
  EXPECT_TRUE(hello([](v1::Hello& h) { h.set_host(std::string(64, 'a')); }));
  EXPECT_TRUE(hello([](v1::Hello& h) { h.set_agent_version(std::string(257, 'a')); }));
  EXPECT_TRUE(hello([](v1::Hello& h) { h.mutable_held(0)->set_digest("short"); }));
  EXPECT_TRUE(hello([](v1::Hello& h) { h.mutable_held(0)->set_type(static_cast<v1::ResourceType>(42)); }));
  EXPECT_TRUE(hello([](v1::Hello& h) { h.clear_status(); }));
  EXPECT_TRUE(hello([](v1::Hello& h) { h.set_oldest_event_sequence(h.next_event_sequence() + 1); }));
  EXPECT_TRUE(hello([](v1::Hello& h) { h.set_sent_unix_ns(INT64_MIN); }));
  EXPECT_TRUE(hello([](v1::Hello& h) {
    while (h.held_size() < 17) *h.add_held() = h.held(0);
  }));
}

TEST(SessionWire, HeartbeatsAndStatusesAreCheckedWhole) {
  EXPECT_TRUE(is_refused([](v1::AgentMessage& m) { m.mutable_heartbeat()->add_observers(); })) << "type 0";
  EXPECT_TRUE(is_refused([](v1::AgentMessage& m) {
    auto& observer = *m.mutable_heartbeat()->add_observers();
    observer.set_type(v1::RESOURCE_TYPE_ROUTES);
    observer.set_age_ms(UINT64_MAX);
  }));
  EXPECT_TRUE(is_refused([](v1::AgentMessage& m) {
    auto& observer = *m.mutable_heartbeat()->add_observers();
    observer.set_type(v1::RESOURCE_TYPE_ROUTES);
    observer.set_digest("short");
  }));
  EXPECT_TRUE(is_refused([](v1::AgentMessage& m) { m.mutable_status(); })) << "type 0";
  EXPECT_TRUE(is_refused([](v1::AgentMessage& m) {
    m.mutable_status()->set_type(v1::RESOURCE_TYPE_ROUTES);
    m.mutable_status()->set_blocked(std::string(257, 'a'));
  }));
}

TEST(SessionWire, EventNumbersMustRiseFromTheFirst) {
  const auto batch = [](std::uint64_t first, std::vector<std::uint64_t> numbers) {
    return is_refused([&](v1::AgentMessage& m) {
      m.mutable_events()->set_first_sequence(first);
      for (const std::uint64_t number : numbers) *m.mutable_events()->add_events() = to_wire(Dice(1).event(number));
    });
  };
  EXPECT_FALSE(batch(4, {4, 5, 9}));
  EXPECT_TRUE(batch(3, {4, 5}));
  EXPECT_TRUE(batch(4, {4, 4}));
  EXPECT_TRUE(batch(5, {5, 4}));
}

TEST(SessionWire, MoreThan256EventsInABatchAreALimit) {
  v1::AgentMessage message;
  message.mutable_events()->set_first_sequence(1);
  const session::HostEvent small{EventSequence{1}, {}, session::ObserverNotice{{}, "hold", ""}};
  for (std::uint64_t i = 1; i <= 257; ++i) {
    *message.mutable_events()->add_events() = to_wire(small);
    message.mutable_events()->mutable_events(static_cast<int>(i) - 1)->set_sequence(i);
  }
  const auto taken = AgentFrames().take(message.SerializeAsString());
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, Errc::kLimit);
}

TEST(SessionWire, UnknownAndEmptyMessagesAreErrorsOnBothSides) {
  EXPECT_FALSE(AgentFrames().take(""));
  EXPECT_FALSE(CollectorFrames().take(""));
  const std::string later("\x7a\x00", 2);  // field 15, which nobody knows
  EXPECT_FALSE(AgentFrames().take(later));
  EXPECT_FALSE(CollectorFrames().take(later));
  EXPECT_TRUE(is_refused([](v1::AgentMessage& m) { m.mutable_contact(); }));
}

TEST(SessionWire, AnOversizedFrameIsALimit) {
  const auto taken = AgentFrames().take(std::string(kMaxFrameBytes + 1, 'x'));
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, Errc::kLimit);
}

TEST(SessionWire, TextThatIsNoUtf8IsAnError) {
  std::string frame;
  {
    v1::AgentMessage message;
    *message.mutable_hello() = to_wire(hello_of("h1"));
    message.mutable_hello()->set_boot_id("boot-X");
    frame = message.SerializeAsString();
  }
  frame[frame.find("boot-X") + 5] = '\xff';
  EXPECT_FALSE(AgentFrames().take(frame));
}

TEST(SessionWire, ATruncatedHelloIsAlwaysAnError) {
  Frames frames{session::ToCollector(hello_of("h1"))};
  const std::string frame = frames.next();
  for (std::size_t size = 0; size < frame.size(); ++size) {
    EXPECT_FALSE(AgentFrames().take(std::string_view(frame).substr(0, size))) << size;
  }
}

TEST(SessionWire, TheCollectorsNumbersAreBoundedToo) {
  v1::CollectorMessage welcome;
  *welcome.mutable_welcome() = to_wire(session::Welcome{});
  EXPECT_TRUE(CollectorFrames().take(welcome.SerializeAsString()));
  welcome.mutable_welcome()->set_heartbeat_interval_ms(999);
  EXPECT_FALSE(CollectorFrames().take(welcome.SerializeAsString()));
  welcome.mutable_welcome()->set_heartbeat_interval_ms(3'600'001);
  EXPECT_FALSE(CollectorFrames().take(welcome.SerializeAsString()));
  v1::CollectorMessage goodbye;
  goodbye.mutable_goodbye()->set_retry_after_ms(UINT32_MAX);
  EXPECT_FALSE(CollectorFrames().take(goodbye.SerializeAsString()));
}

TEST(SessionWire, AReplayedValueIsTheSameValue) {
  const auto report = report_of(10);
  const session::ToCollector value = value_of(report, encode(report));
  AgentFrames inbox;
  for (int i = 0; i < 2; ++i) {
    const auto taken = inbox.take(Frames(value).next());
    ASSERT_TRUE(taken && *taken);
    EXPECT_EQ(**taken, value);
  }
}

}  // namespace
}  // namespace ondol::wire
