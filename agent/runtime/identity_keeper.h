// Knows this agent's certificate and has it renewed in time, off the loop.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "common/pki/identity_dir.h"

namespace ondol::agent {

inline constexpr std::chrono::minutes kRenewAtAge{20};  // of a certificate of one hour

// Young enough, too old (also expired: it is renewed on proof of its key), or from another time altogether.
bool is_renewal_due(const pki::CertificateFacts& facts, WallTime now);

// Blocks until the collector answered; called on the worker thread.
using RenewIdentity = std::function<Result<void>()>;

// Thread: the loop's; `renew` runs on the pool. The stream stays open: new certificates are for the next handshake.
class IdentityKeeper {
 public:
  IdentityKeeper(boost::asio::io_context& loop, boost::asio::thread_pool& pool, std::string directory,
                 RenewIdentity renew);

  void start();
  void stop();
  // Looks again when there was none: enrolment happens beside us.
  const std::optional<pki::CertificateFacts>& facts();
  const std::string& problem() const { return problem_; }

 private:
  void read();
  void check();
  void renewed(const Result<void>& result);

  boost::asio::io_context& loop_;
  boost::asio::thread_pool& pool_;
  boost::asio::steady_timer timer_;
  std::string directory_, problem_;
  RenewIdentity renew_;
  std::optional<pki::CertificateFacts> facts_;
  bool renewing_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace ondol::agent
