#include "tests/bench/swarm/swarm.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/base/overload.h"
#include "common/rpc/stream_limits.h"

namespace ondol::bench {
namespace {

constexpr char kServerName[] = "ondol-collector";
constexpr std::chrono::milliseconds kContactAgain{1'000};
// Under way at once: thousands of handshakes would outlast the door's patience.
constexpr std::size_t kMostContacts = 200;

}  // namespace

Swarm::Swarm(SwarmTarget target) : target_(std::move(target)) {
  rpc::quieten_libraries();
  for (std::size_t number = 0; number < target_.files.certificates.size(); ++number) {
    members_.push_back(std::make_unique<Member>(swarm_host(number), fmt::format("instance-{:05}", number)));
    members_.back()->number = number;
  }
}

Swarm::~Swarm() {
  drop(0, members_.size());
  for (const auto limit = Clock::now() + Seconds{5}; streams_ != 0 && Clock::now() < limit;)
    turn(Clock::now() + Milliseconds{50});
  queue_.Shutdown();
  void* tag = nullptr;
  bool ok = false;
  while (streams_ == 0 && queue_.Next(&tag, &ok)) static_cast<rpc::Operation*>(tag)->completed(ok);
}

std::shared_ptr<grpc::Channel> Swarm::make_channel(std::size_t number) const {
  grpc::ChannelArguments arguments;
  rpc::set_stream_limits(arguments);
  arguments.SetSslTargetNameOverride(kServerName);
  const FleetFiles& files = target_.files;
  const auto credentials = grpc::SslCredentials({files.ca_pem, files.key_pem, files.certificates[number]});
  return grpc::CreateCustomChannel(target_.address, credentials, arguments);
}

// ---- what is asked for ----

void Swarm::connect(std::size_t first, std::size_t count, bool deaf) {
  welcomed_.clear();
  const std::size_t end = std::min(first + count, members_.size());
  for (std::size_t number = first; number < end; ++number) members_[number]->channel = make_channel(number);
  for (std::size_t number = first; number < end; ++number) {
    Member& member = *members_[number];
    member.wanted = true;
    member.deaf = deaf;
    open(member);
  }
}

void Swarm::drop(std::size_t first, std::size_t count) {
  const std::size_t end = std::min(first + count, members_.size());
  for (std::size_t number = first; number < end; ++number) {
    Member& member = *members_[number];
    member.wanted = false;
    if (member.stream) member.stream->cancel();
    if (member.contact) member.contact->cancel();
  }
}

void Swarm::beat(Milliseconds interval, bool answered) {
  beats_.clear();
  interval_ = interval;
  answered_ = answered;
  if (interval == Milliseconds{}) return;
  std::vector<Member*> live;
  for (const auto& member : members_) {
    if (member->welcome) live.push_back(member.get());
  }
  std::mt19937_64 always_the_same{
      1};  // so that no host waits longer than the interval from one window to the next
  std::shuffle(live.begin(), live.end(), always_the_same);
  const auto start = Clock::now();
  for (std::size_t i = 0; i < live.size(); ++i)
    beats_.emplace_back(start + interval * i / live.size(), live[i]);
}

void Swarm::watch(Generation generation) {
  watched_ = generation;
  reached_ = {};
  for (const auto& member : members_) {
    if (is_watched(*member)) reached_.applied.push_back(Clock::now());
    if (is_watched(*member) && !member->sim.on_trial()) reached_.kept.push_back(Clock::now());
  }
}

void Swarm::reset_counts() {
  const std::size_t connected = counts_.connected;
  counts_ = {};
  counts_.connected = connected;
  delays_us_.clear();
  for (const auto& member : members_) member->asked = {};
}

// ---- streams ----

void Swarm::open(Member& member) {
  if (!member.channel) member.channel = make_channel(member.number);
  StreamEvents events;
  events.on_open = [this, &member] {
    send_all(member, {member.sim.hello()});
    if (member.deaf) now_welcome(member);  // it will not hear of it
  };
  events.on_message = [this, &member](session::ToAgent message) { take(member, std::move(message)); };
  events.on_closed = [this, &member](const std::string&) { closed(member); };
  member.stream =
      std::make_shared<SimStream>(std::exchange(member.channel, nullptr), queue_, std::move(events));
  if (member.deaf) member.stream->read_nothing();
  ++streams_;
  member.stream->start();
}

void Swarm::closed(Member& member) {
  --streams_;
  member.stream.reset();
  if (member.welcome) --counts_.connected;
  if (member.wanted) ++(member.welcome ? counts_.lost : counts_.refused);
  member.welcome = false;
  if (member.wanted) retry_later(member);
}

void Swarm::retry_later(Member& member) {
  retries_.push_back({Clock::now() + member.backoff.next(random_()), member.number});
  std::push_heap(retries_.begin(), retries_.end());
}

void Swarm::send_all(Member& member, const SimHost::Messages& messages) {
  for (const auto& message : messages) {
    if (member.stream) member.stream->send(message);
  }
}

void Swarm::take(Member& member, session::ToAgent message) {
  std::visit(
      Overload{[&](session::Welcome& m) {
                 now_welcome(member);
                 send_all(member, member.sim.welcomed(m));
               },
               [&](session::EventAck& m) { member.sim.acknowledged(m.durable); }, [](session::ValueAck&) {},
               [&](session::ValueRequest&) {
                 answered_ ? take_answer(member) : send_all(member, member.sim.asked());
               },
               [&](session::DesiredOffer& m) { take_offer(member, m); }, [](session::Goodbye&) {},
               [](session::ContactReply&) {}},
      message);
}

void Swarm::now_welcome(Member& member) {
  member.welcome = true;
  ++counts_.connected;
  welcomed_.push_back(Clock::now());
  member.backoff.succeeded();
}

void Swarm::take_answer(Member& member) {
  if (member.asked == Clock::time_point{}) return;
  ++counts_.answers;
  const auto delay = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - member.asked);
  delays_us_.push_back(static_cast<std::uint32_t>(delay.count()));
  member.asked = {};
}

// ---- changes of intent ----

void Swarm::take_offer(Member& member, const session::DesiredOffer& offer) {
  const Generation before = member.sim.applied();
  send_all(member, member.sim.offered(offer.state));
  if (member.sim.applied() == before) return;
  if (is_watched(member)) reached_.applied.push_back(Clock::now());
  if (member.sim.on_trial()) return contact_later(member);
  if (is_watched(member)) reached_.kept.push_back(Clock::now());
}

bool Swarm::is_watched(const Member& member) const {
  return watched_.value != 0 && member.sim.applied() >= watched_;
}

void Swarm::contact_later(Member& member) {
  contacts_due_.push_back(&member);
  start_contacts();
}

void Swarm::start_contacts() {
  while (contacts_ < kMostContacts && !contacts_due_.empty()) {
    Member& next = *contacts_due_.front();
    contacts_due_.pop_front();
    if (next.wanted && next.sim.on_trial() && !next.contact) make_contact(next);
  }
}

void Swarm::make_contact(Member& member) {
  StreamEvents events;
  events.on_open = [&member] { member.contact->send(member.sim.contact()); };
  events.on_message = [this, &member](const session::ToAgent& message) { contact_answered(member, message); };
  events.on_closed = [this, &member](const std::string&) { contact_closed(member); };
  member.contact = std::make_shared<SimStream>(make_channel(member.number), queue_, std::move(events));
  ++streams_;
  ++contacts_;
  member.contact->start();
}

void Swarm::contact_answered(Member& member, const session::ToAgent& message) {
  const auto* reply = std::get_if<session::ContactReply>(&message);
  if (reply == nullptr || !reply->confirmed || !member.sim.on_trial()) return;
  send_all(member, member.sim.confirmed());
  if (is_watched(member)) reached_.kept.push_back(Clock::now());
}

void Swarm::contact_closed(Member& member) {
  --streams_;
  --contacts_;
  member.contact.reset();
  start_contacts();
  if (!member.sim.on_trial() || !member.wanted) return;
  retries_.push_back({Clock::now() + kContactAgain, member.number});
  std::push_heap(retries_.begin(), retries_.end());
}

// ---- time ----

void Swarm::beat_due(Clock::time_point now) {
  while (!beats_.empty() && beats_.front().first <= now) {
    auto [at, member] = beats_.front();
    beats_.pop_front();
    beats_.emplace_back(at + interval_, member);
    if (!member->welcome) continue;
    if (answered_ && member->asked == Clock::time_point{}) member->asked = Clock::now();
    member->stream->send(member->sim.heartbeat(answered_));
    ++counts_.beats;
  }
}

void Swarm::run_due(Clock::time_point now) {
  while (!retries_.empty() && retries_.front().at <= now) {
    std::pop_heap(retries_.begin(), retries_.end());
    Member& member = *members_[retries_.back().number];
    retries_.pop_back();
    if (!member.wanted) continue;
    if (!member.stream) open(member);
    if (member.sim.on_trial() && !member.contact) contact_later(member);
  }
  beat_due(now);
}

void Swarm::turn(Clock::time_point until) {
  for (;;) {
    const auto now = Clock::now();
    run_due(now);
    auto next = until;
    if (!retries_.empty()) next = std::min(next, retries_.front().at);
    if (!beats_.empty()) next = std::min(next, beats_.front().first);
    const auto wait = std::max(next - now, Clock::duration{});
    void* tag = nullptr;
    bool ok = false;
    const auto got = queue_.AsyncNext(&tag, &ok, std::chrono::system_clock::now() + wait);
    if (got == grpc::CompletionQueue::GOT_EVENT) static_cast<rpc::Operation*>(tag)->completed(ok);
    if (Clock::now() >= until) return;
  }
}

}  // namespace ondol::bench
