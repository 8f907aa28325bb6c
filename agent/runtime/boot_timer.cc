#include "agent/runtime/boot_timer.h"

#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <utility>

namespace ondol::agent {

BootTimer::BootTimer(boost::asio::io_context& loop, std::function<void()> fired)
    : descriptor_(loop, ::timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC)), fired_(std::move(fired)) {
  wait();
}

void BootTimer::arm(BootTime at) {
  if (at == armed_) return;
  armed_ = at;
  itimerspec when{};  // all zero = disarmed
  if (at != BootTime::max()) {
    const std::int64_t ns = std::max<std::int64_t>(1, at.time_since_epoch().count());
    when.it_value = {ns / 1'000'000'000, ns % 1'000'000'000};
  }
  ::timerfd_settime(descriptor_.native_handle(), TFD_TIMER_ABSTIME, &when, nullptr);
}

void BootTimer::stop() {
  boost::system::error_code ignored;
  descriptor_.close(ignored);
}

void BootTimer::wait() {
  descriptor_.async_wait(boost::asio::posix::stream_descriptor::wait_read, [this](const boost::system::error_code& error) {
    if (error) return;
    std::uint64_t expirations = 0;
    const auto size = ::read(descriptor_.native_handle(), &expirations, sizeof expirations);
    armed_ = BootTime::max();
    if (size == sizeof expirations) fired_();
    wait();
  });
}

}  // namespace ondol::agent
