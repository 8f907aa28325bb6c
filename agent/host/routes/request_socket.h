// Questions to rtnetlink and batches of changes: everything that is asked for, apart from what is listened
// to.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "agent/host/routes/decode_rtnetlink.h"
#include "agent/host/routes/netlink_socket.h"

namespace ondol::routes {

// Answer to one message of a batch.
struct BatchFailure {
  std::size_t index = 0;  // of the message in its batch
  Answer answer;
};

// Thread: one. Every call is a complete round trip: nothing is left in the socket when it returns.
class RequestSocket {
 public:
  // The kernel cuts dumps into pieces of up to read_bytes, 32 KiB at most.
  static Result<RequestSocket> open(std::size_t read_bytes = kReadBytes);

  std::uint32_t port() const { return socket_.port(); }
  // So many messages can fail in one batch without an answer being lost.
  std::size_t max_batch_messages() const { return max_batch_messages_; }

  // RTM_GET* of one family. False: the kernel says the dump was torn (NLM_F_DUMP_INTR).
  Result<bool> dump(std::uint16_t type, std::uint8_t family,
                    const std::function<void(const Message&)>& visit);

  // Messages laid end to end, their sequence numbers `first` upwards; the last one asks for an
  // acknowledgement. Gives every message that failed. An error means that the fate of the batch is not known.
  // `visit` is given what the kernel says besides: the answers to questions that were no dump.
  Result<std::vector<BatchFailure>> send_batch(std::span<const std::uint8_t> bytes, std::uint32_t first,
                                               std::size_t count,
                                               const std::function<void(const Message&)>& visit = {});
  std::uint32_t take_sequences(std::size_t count);

 private:
  explicit RequestSocket(NetlinkSocket socket) : socket_(std::move(socket)) {}
  void discard_leftovers();

  NetlinkSocket socket_;
  std::uint32_t next_sequence_ = 1;
  std::size_t max_batch_messages_ = 64;
};

}  // namespace ondol::routes
