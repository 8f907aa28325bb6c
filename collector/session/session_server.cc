#include "collector/session/session_server.h"

#include <grpcpp/generic/async_generic_service.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <future>
#include <unordered_map>
#include <utility>

#include "collector/session/agent_stream.h"
#include "collector/session/source_book.h"
#include "common/rpc/accept_shield.h"
#include "common/rpc/door_list.h"
#include "common/rpc/queue_loop.h"
#include "common/rpc/stream_limits.h"
#include "common/rpc/tls_credentials.h"

namespace ondol::collector {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

constexpr std::chrono::seconds kStopLimit{3};
constexpr std::chrono::microseconds kAwayAtLeast{1'000'000}, kAwayAtMost{60'000'000};  // of agents, when we stop
constexpr std::chrono::seconds kGoodbyeLimit{2};  // for a peer to take what ends its stream; then it is cut off

class GrpcSessionServer final : public SessionServer {
 public:
  GrpcSessionServer(SessionEvents events, std::function<void()> timer)
      : events_(std::move(events)), timer_(std::move(timer)) {
    callbacks_.identify = [this](const grpc::ServerContext& context) { return identities_.read(context); };
    callbacks_.on_called = [this] { request_next(); };
    callbacks_.on_open = [this](std::shared_ptr<AgentStream> stream, ConnectionId id, const PeerIdentity& who) {
      return opened(std::move(stream), id, who);
    };
    callbacks_.on_message = [this](ConnectionId id, session::ToCollector message) {
      events_.on_message(id, std::move(message));
    };
    callbacks_.on_ended = [this](ConnectionId id, const std::optional<PeerIdentity>& who, const std::string& reason) {
      ended(id, who, reason);
    };
    callbacks_.on_bad_input = [this] { ++bad_input_; };
    callbacks_.on_ending = [this](std::weak_ptr<AgentStream> stream) {
      ending_.emplace_back(std::chrono::steady_clock::now() + kGoodbyeLimit, std::move(stream));
    };
    callbacks_.on_contact = [this](std::weak_ptr<AgentStream> stream) {
      --open_count_;
      contacts_.emplace_back(std::chrono::steady_clock::now() + contact_limit_, std::move(stream));
    };
    callbacks_.on_counted = [this](bool in) { ++(in ? messages_in_ : messages_out_); };
  }
  ~GrpcSessionServer() override { stop(); }

  Result<void> start(const SessionServerOptions& options) {
    rpc::quieten_libraries();
    contact_limit_ = options.contact_limit;
    const std::string& folder = options.identity_dir;
    auto credentials = rpc::make_server_credentials({folder + "/server-key.pem", folder + "/server.pem", folder + "/ca.pem"});
    if (!credentials) return fail(std::move(credentials.error()));
    grpc::ServerBuilder builder;
    builder.RegisterAsyncGenericService(&service_);
    rpc::set_stream_limits(builder);
    loop_ = std::make_unique<rpc::QueueLoop>(builder.AddCompletionQueue(), [this] { tick(); });
    shield_ = rpc::attach_accept_shield(builder, *credentials);
    server_ = builder.BuildAndStart();
    if (!server_) return fail(Errc::kIo, "gRPC did not start", options.identity_dir, "check the server certificate and key");
    loop_->run();
    loop_->post([this] { request_next(); });
    farewell_gap_ = std::chrono::microseconds{1'000'000} / static_cast<std::int64_t>(std::max<std::size_t>(options.accepts_per_second, 1));
    return shield_->open({options.listen, options.max_connections, options.max_per_source, options.accepts_per_second,
                          options.max_handshakes, options.handshake_limit,
                          [this](const IpAddress& from) { loop_->post([this, from] { turned_away(from); }); }});
  }

  void post(std::function<void()> task) override { loop_->post(std::move(task)); }
  void send(ConnectionId to, const session::ToAgent& message) override {
    if (const auto found = open_.find(to); found != open_.end()) found->second->send(message);
  }
  void close(ConnectionId which, const std::string& reason, std::chrono::milliseconds retry_after) override {
    if (const auto found = open_.find(which); found != open_.end()) found->second->close(reason, retry_after);
  }
  void answer(ConnectionId contact, const session::ContactReply& reply) override {
    if (const auto found = open_.find(contact); found != open_.end()) found->second->answer(reply);
  }
  std::uint16_t port() const override { return shield_->port(); }
  SessionCounters counters() const override {
    const rpc::ShieldCounters door = shield_->counters();
    SessionCounters all;
    all.accepted = door.accepted;
    all.refused_cap = door.refused_cap;
    all.refused_source = door.refused_source;
    all.refused_rate = door.refused_rate;
    all.refused_handshakes = door.refused_handshakes;
    all.descriptors_exhausted = door.descriptors_exhausted;
    all.contact_timeout = contact_timeout_;
    all.handshake_timeout = door.handshake_timeout;
    all.bad_input = bad_input_;
    all.open = open_count_;
    all.messages_in = messages_in_;
    all.messages_out = messages_out_;
    return all;
  }

  void stop() override {
    if (!server_) return;
    shield_->stop();
    loop_->post([this] {
      stopping_ = true;
      say_goodbye();
    });
    // Streams that do not take their Goodbye in time are cancelled.
    server_->Shutdown(std::chrono::system_clock::now() + kStopLimit);
    // gRPC aborts when a call still starts an operation on a queue that is shut down: every stream must be gone first.
    std::promise<void> drained;
    loop_->post([this, &drained] { drained_ = &drained; });
    drained.get_future().wait();
    loop_->stop();
    server_.reset();
  }

 private:
  void tick() {
    timer_();
    cut_off(ending_);
    contact_timeout_ += cut_off(contacts_);
    if (drained_ != nullptr && live_.use_count() == 1) std::exchange(drained_, nullptr)->set_value();
  }

  // Each is told a time of its own, or all would come back at once.
  void say_goodbye() {
    auto back = kAwayAtLeast;
    for (const auto& [id, stream] : open_) {
      stream->close("the collector is stopping", std::chrono::duration_cast<std::chrono::milliseconds>(back));
      back = std::min(back + farewell_gap_, kAwayAtMost);
    }
  }

  using Deadlines = std::deque<std::pair<SteadyTime, std::weak_ptr<AgentStream>>>;  // in order of time

  static std::uint64_t cut_off(Deadlines& streams) {
    std::uint64_t late = 0;
    for (const auto now = std::chrono::steady_clock::now(); !streams.empty() && streams.front().first <= now; streams.pop_front()) {
      const auto stream = streams.front().second.lock();
      if (!stream) continue;
      stream->cancel();
      ++late;
    }
    return late;
  }

  void request_next() {
    if (stopping_) return;
    auto stream = std::make_shared<AgentStream>(ConnectionId{++last_id_}, service_, *loop_, callbacks_);
    stream->hold(live_);
    stream->request();
  }

  Result<void> opened(std::shared_ptr<AgentStream> stream, ConnectionId id, const PeerIdentity& who) {
    if (stopping_) return fail(Errc::kUnavailable, "the collector is stopping");
    shield_->stream_opened(who.peer);
    if (const auto from = rpc::parse_peer(who.peer)) sources_.note(who.host, from->address);
    open_[id] = std::move(stream);
    ++open_count_;
    events_.on_open(id, who.host, who.serial, who.peer);
    return {};
  }

  void turned_away(const IpAddress& from) {
    if (const auto host = sources_.host_at(from); host && !stopping_) events_.on_turned_away(*host);
  }

  void ended(ConnectionId id, const std::optional<PeerIdentity>& who, const std::string& reason) {
    if (!who) return;
    shield_->stream_ended(who->peer);
    const auto found = open_.find(id);
    if (!found->second->is_contact()) --open_count_;
    open_.erase(found);
    events_.on_closed(id, reason);
  }

  SessionEvents events_;
  std::function<void()> timer_;
  StreamCallbacks callbacks_;
  grpc::AsyncGenericService service_;
  std::unique_ptr<rpc::QueueLoop> loop_;
  std::unique_ptr<rpc::AcceptShield> shield_;
  std::unique_ptr<grpc::Server> server_;
  std::unordered_map<ConnectionId, std::shared_ptr<AgentStream>> open_;
  SourceBook sources_;
  IdentityCache identities_;
  Deadlines ending_, contacts_;
  std::chrono::milliseconds contact_limit_{};
  std::chrono::microseconds farewell_gap_{};
  std::uint64_t last_id_ = 0;
  bool stopping_ = false;
  std::promise<void>* drained_ = nullptr;
  std::shared_ptr<int> live_ = std::make_shared<int>();  // one reference a stream
  std::atomic<std::uint64_t> bad_input_{0}, contact_timeout_{0}, open_count_{0}, messages_in_{0}, messages_out_{0};
};

}  // namespace

Result<std::unique_ptr<SessionServer>> start_session_server(const SessionServerOptions& options, SessionEvents events,
                                                            std::function<void()> timer) {
  auto server = std::make_unique<GrpcSessionServer>(std::move(events), std::move(timer));
  ONDOL_TRY(server->start(options));
  return server;
}

}  // namespace ondol::collector
