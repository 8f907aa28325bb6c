#include "agent/host/routes/request_socket.h"

#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netconf.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>

#include <cstring>

namespace ondol::routes {
namespace {

constexpr int kReceiveBufferBytes = 4 << 20;
constexpr int kSendBufferBytes = 1 << 20;
constexpr int kAnswerFootprintBytes = 1024;  // one small answer in a receive queue: about 830 were measured

// Strict checking wants the exact fixed header of each kind; all of them begin with the family.
std::size_t header_bytes(std::uint16_t type) {
  switch (type) {
    case RTM_GETLINK:
      return sizeof(ifinfomsg);
    case RTM_GETADDR:
      return sizeof(ifaddrmsg);
    case RTM_GETNEXTHOP:
      return sizeof(nhmsg);
    case RTM_GETRULE:
      return sizeof(fib_rule_hdr);
    case RTM_GETNETCONF:
      return sizeof(netconfmsg);
    default:
      return sizeof(rtmsg);
  }
}

std::vector<std::uint8_t> encode_dump(std::uint16_t type, std::uint8_t family, std::uint32_t sequence) {
  std::vector<std::uint8_t> bytes(256);
  nlmsghdr* header = mnl_nlmsg_put_header(bytes.data());
  header->nlmsg_type = type;
  header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  header->nlmsg_seq = sequence;
  auto* fixed = static_cast<std::uint8_t*>(mnl_nlmsg_put_extra_header(header, header_bytes(type)));
  *fixed = family;
  if (type == RTM_GETLINK) mnl_attr_put_u32(header, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
  bytes.resize(header->nlmsg_len);
  return bytes;
}

}  // namespace

Result<RequestSocket> RequestSocket::open(std::size_t read_bytes) {
  auto socket = NetlinkSocket::open(read_bytes);
  if (!socket) return fail(socket.error());
  ONDOL_TRY(socket->set_option(NETLINK_GET_STRICT_CHK, 1));
  ONDOL_TRY(socket->set_option(NETLINK_EXT_ACK, 1));
  ONDOL_TRY(socket->set_option(NETLINK_CAP_ACK, 1));
  ONDOL_TRY(socket->bind());
  RequestSocket made(std::move(*socket));
  const int buffer = made.socket_.set_receive_buffer(kReceiveBufferBytes);
  made.socket_.set_send_buffer(kSendBufferBytes);
  made.max_batch_messages_ = static_cast<std::size_t>(std::max(buffer / kAnswerFootprintBytes, 16));
  return made;
}

std::uint32_t RequestSocket::take_sequences(std::size_t count) {
  const std::uint32_t first = next_sequence_;
  next_sequence_ += static_cast<std::uint32_t>(count);
  return first;
}

// Answers to a round trip that ended early, with an error, must not answer the next one.
void RequestSocket::discard_leftovers() {
  while (true) {
    const auto got = socket_.receive(false).what;
    if (got == NetlinkSocket::Read::kEmpty || got == NetlinkSocket::Read::kFailed) return;
  }
}

Result<bool> RequestSocket::dump(std::uint16_t type, std::uint8_t family,
                                 const std::function<void(const Message&)>& visit) {
  discard_leftovers();
  const std::uint32_t sequence = take_sequences(1);
  ONDOL_TRY(socket_.send(encode_dump(type, family, sequence)));
  bool is_whole = true;
  while (true) {
    const auto got = socket_.receive(true);
    if (got.what == NetlinkSocket::Read::kOverrun) return fail(netlink_error("dump", ENOBUFS));
    if (got.what == NetlinkSocket::Read::kEmpty) return fail(netlink_error("dump", ETIMEDOUT));
    if (got.what == NetlinkSocket::Read::kFailed) return fail(netlink_error("dump", got.error_number));
    Bytes rest = got.bytes;
    while (const auto message = next_message(rest)) {
      if (message->sequence != sequence) continue;
      if ((message->flags & NLM_F_DUMP_INTR) != 0) is_whole = false;
      if (const auto done = decode_done(*message)) {
        if (*done != 0) return fail(netlink_error("dump", *done));
        return is_whole;
      }
      if (const auto answer = decode_answer(*message)) {
        return fail(
            netlink_error(answer->text.empty() ? "dump" : "dump: " + answer->text, answer->error_number));
      }
      visit(*message);
    }
  }
}

Result<std::vector<BatchFailure>> RequestSocket::send_batch(std::span<const std::uint8_t> bytes,
                                                            std::uint32_t first, std::size_t count,
                                                            const std::function<void(const Message&)>& visit) {
  discard_leftovers();
  ONDOL_TRY(socket_.send(bytes));
  std::vector<BatchFailure> failures;
  while (true) {
    const auto got = socket_.receive(true);
    if (got.what == NetlinkSocket::Read::kOverrun) return fail(netlink_error("answers to a batch", ENOBUFS));
    if (got.what == NetlinkSocket::Read::kEmpty) return fail(netlink_error("answers to a batch", ETIMEDOUT));
    if (got.what == NetlinkSocket::Read::kFailed)
      return fail(netlink_error("answers to a batch", got.error_number));
    Bytes rest = got.bytes;
    while (const auto message = next_message(rest)) {
      const std::size_t index = message->sequence - first;
      if (index >= count) continue;
      auto answer = decode_answer(*message);
      if (!answer && visit) visit(*message);
      if (!answer) continue;
      if (answer->error_number != 0) failures.push_back({index, std::move(*answer)});
      if (index + 1 == count) return failures;
    }
  }
}

}  // namespace ondol::routes
