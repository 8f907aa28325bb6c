#include "agent/runtime/identity_keeper.h"

#include <boost/asio/post.hpp>

#include "common/journal/journal.h"
#include "common/loop/clocks.h"
#include "common/pki/issue.h"

namespace ondol::agent {
namespace {

constexpr std::chrono::seconds kLook{30};  // between looks at the certificate's age

}  // namespace

bool is_renewal_due(const pki::CertificateFacts& facts, WallTime now) {
  return now >= facts.not_after - (pki::kAgentLifetime - kRenewAtAge);  // not_before is backdated
}

IdentityKeeper::IdentityKeeper(boost::asio::io_context& loop, boost::asio::thread_pool& pool, std::string directory,
                               RenewIdentity renew)
    : loop_(loop), pool_(pool), timer_(loop), directory_(std::move(directory)), renew_(std::move(renew)) {}

void IdentityKeeper::start() {
  read();
  check();
}

void IdentityKeeper::stop() {
  *alive_ = false;
  timer_.cancel();
}

const std::optional<pki::CertificateFacts>& IdentityKeeper::facts() {
  if (!facts_) read();
  return facts_;
}

void IdentityKeeper::read() {
  auto facts = pki::read_identity_facts(directory_, pki::Purpose::kAgent);
  if (facts && !facts->host) facts = fail(Errc::kInvalidInput, "the certificate names no host", directory_);
  problem_ = facts ? "" : facts.error().code == Errc::kNotFound ? "never enrolled" : render(facts.error());
  facts_.reset();
  if (facts) facts_ = std::move(*facts);
}

void IdentityKeeper::check() {
  if (facts() && renew_ && !renewing_ && is_renewal_due(*facts_, read_now().wall)) {
    renewing_ = true;
    boost::asio::post(pool_, [this, alive = alive_] {
      auto result = renew_();
      boost::asio::post(loop_, [this, alive, result] { if (*alive) renewed(result); });
    });
  }
  timer_.expires_after(kLook);
  timer_.async_wait([this](const boost::system::error_code& error) { if (!error) check(); });
}

void IdentityKeeper::renewed(const Result<void>& result) {
  renewing_ = false;
  read();
  if (result) return journal::write(journal::Event::certificate_renewed, "valid until " + (facts_ ? render(facts_->not_after) : "?"));
  problem_ = render(result.error());
  journal::write(journal::Event::certificate_renewal_failed, problem_);
}

}  // namespace ondol::agent
