// One deadline on CLOCK_BOOTTIME, which counts while the host sleeps.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>

#include "common/base/clock.h"

namespace ondol::agent {

// Thread: the loop's.
class BootTimer {
 public:
  BootTimer(boost::asio::io_context& loop, std::function<void()> fired);
  // BootTime::max() = never. A time in the past fires at once.
  void arm(BootTime at);
  void stop();

 private:
  void wait();
  boost::asio::posix::stream_descriptor descriptor_;
  std::function<void()> fired_;
  BootTime armed_ = BootTime::max();
};

}  // namespace ondol::agent
