// Hands the undo of a trial to the process that keeps it, and notices when that process is lost.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <memory>
#include <string>

#include "agent/undo/undo_frame.h"

namespace ondol::undo {

struct KeeperAddress {
  std::string socket;     // of ondol-undo
  std::string state_dir;  // absolute: where the journal is
  std::string boot_id;
};

// Thread: the loop's. arm() and disarm() block it for at most 2 s each, and most often for a millisecond.
class UndoClient {
 public:
  // `on_lost` is called from the loop, once per arm(), when the keeper is gone while armed: arm again, or undo.
  UndoClient(boost::asio::io_context& loop, KeeperAddress address, std::function<void()> on_lost);
  UndoClient(const UndoClient&) = delete;
  UndoClient& operator=(const UndoClient&) = delete;
  ~UndoClient();

  // The journal of `generation` is durable. When this succeeds, the generation is undone at `deadline` (boot time) by
  // the keeper, whatever becomes of this process, unless it was confirmed on disk or disarmed.
  // Arming again replaces the deadline. Errors: kUnavailable (nobody keeps), kRefused (with the keeper's reason).
  Result<void> arm(Generation generation, BootTime deadline);
  // The trial is over, either way. Without a keeper there is nothing to do. On an error the keeper finds out by itself.
  Result<void> disarm();
  bool is_armed() const { return socket_.is_open(); }

 private:
  Result<void> connect();
  Result<Message> ask(const Message& question);
  void watch();
  void drop();

  KeeperAddress address_;
  std::function<void()> on_lost_;
  boost::asio::posix::stream_descriptor socket_;
  std::string received_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace ondol::undo
