// The floor of a collector's door: gRPC itself with mutual TLS and nothing behind it, on one completion queue
// and one thread. The first message of a stream is answered by bytes that are always the same, every other is
// read and forgotten.
//   swarm_floor IDENTITY_DIR PORT
#include <fmt/format.h>
#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>
#include <sys/resource.h>

#include <array>
#include <fstream>
#include <iterator>
#include <memory>

#include "common/rpc/byte_buffer.h"
#include "common/rpc/stream_limits.h"
#include "common/wire/session_wire.h"
#include "tests/bench/swarm/sim_host.h"

namespace ondol::bench {
namespace {

// What a host of a swarm takes for a collector's welcome.
grpc::ByteBuffer make_welcome() {
  session::Welcome welcome;
  welcome.session = SessionId{"0123456789abcdef"};
  welcome.held.push_back({session::ResourceType::kRoutes, empty_value().digest});
  welcome.collector_version = "0.1.0";
  return rpc::to_buffer(wire::Frames{session::ToAgent{welcome}}.next());
}

class Floor;

// Freed when the call is done and nothing is under way.
class Stream {
 public:
  enum Kind : std::size_t { kCalled, kRead, kWritten, kDone, kKinds };
  struct Tag {
    Stream* stream;
    Kind kind;
  };

  explicit Stream(Floor& floor) : floor_(floor), stream_(&context_) {
    for (std::size_t kind = 0; kind < kKinds; ++kind) tags_[kind] = {this, static_cast<Kind>(kind)};
  }
  void request();
  void completed(Kind kind, bool ok);

 private:
  void* tag(Kind kind) {
    ++in_flight_;
    return &tags_[kind];
  }
  void read() { stream_.Read(&incoming_, tag(kRead)); }

  Floor& floor_;
  grpc::GenericServerContext context_;
  grpc::GenericServerAsyncReaderWriter stream_;
  std::array<Tag, kKinds> tags_{};
  grpc::ByteBuffer incoming_;
  int in_flight_ = 0;
  bool greeted_ = false;
};

class Floor {
 public:
  bool serve(const std::string& folder, const std::string& port) {
    rpc::quieten_libraries();
    grpc::SslServerCredentialsOptions options(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
    options.pem_root_certs = read_file(folder + "/ca.pem");
    options.pem_key_cert_pairs.push_back(
        {read_file(folder + "/server-key.pem"), read_file(folder + "/server.pem")});
    grpc::ServerBuilder builder;
    builder.RegisterAsyncGenericService(&service);
    rpc::set_stream_limits(builder);
    builder.AddListeningPort("127.0.0.1:" + port, grpc::SslServerCredentials(options));
    queue = builder.AddCompletionQueue();
    const auto server = builder.BuildAndStart();
    if (!server) return false;
    (new Stream(*this))->request();
    void* tag = nullptr;
    bool ok = false;
    while (queue->Next(&tag, &ok)) {
      const auto* what = static_cast<Stream::Tag*>(tag);
      what->stream->completed(what->kind, ok);
    }
    return true;
  }

  grpc::AsyncGenericService service;
  std::unique_ptr<grpc::ServerCompletionQueue> queue;
  const grpc::ByteBuffer welcome = make_welcome();

 private:
  static std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  }
};

void Stream::request() {
  context_.AsyncNotifyWhenDone(&tags_[kDone]);
  floor_.service.RequestCall(&context_, &stream_, floor_.queue.get(), floor_.queue.get(), tag(kCalled));
}

void Stream::completed(Kind kind, bool ok) {
  --in_flight_;
  switch (kind) {
    case kCalled:
      ++in_flight_;  // kDone
      (new Stream(floor_))->request();
      read();
      break;
    case kRead:
      if (!ok) break;  // the stream ended; kDone comes
      incoming_.Clear();
      if (!greeted_) stream_.Write(floor_.welcome, tag(kWritten));
      greeted_ = true;
      read();
      break;
    case kWritten:
    case kDone:
    case kKinds:
      break;
  }
  if (in_flight_ == 0) delete this;
}

}  // namespace
}  // namespace ondol::bench

int main(int count, char** arguments) {
  if (count != 3) return fmt::print(stderr, "usage: swarm_floor IDENTITY_DIR PORT\n"), 2;
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  return ondol::bench::Floor().serve(arguments[1], arguments[2]) ? 0 : 1;
}
