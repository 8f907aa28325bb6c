// The server's own certificate changes under the open port.
#include <filesystem>
#include <fstream>

#include "common/pki/tls_client.h"
#include "tests/integration/enroll/enroll_lab.h"

namespace ondol::enroll {
namespace {

class Swapping : public EnrollLab {
 protected:
  std::string served() const {
    std::string serial;
    const auto note = [&](const std::vector<pki::Certificate>& chain) {
      serial = pki::certificate_facts(chain.front())->serial;
      return Result<void>();
    };
    const auto client =
        pki::TlsClient::open({target().address, "ondol-collector", "ondol-enroll/1"}, note, Seconds(5));
    return client ? serial : render(client.error());
  }
  std::string on_disk() const {
    return pki::read_identity_facts(root_ + "/collector", pki::Purpose::kServer)->serial;
  }
};

TEST_F(Swapping, ANewIdentityIsServedWithoutARestart) {
  EnrollServerConfig config;
  config.reload_every = Milliseconds(1);
  serve(config);
  const std::string before = served();
  EXPECT_EQ(before, on_disk());
  write_server_identity(ca_, now_);
  const auto deadline = std::chrono::steady_clock::now() + Seconds(10);
  while (served() == before && std::chrono::steady_clock::now() < deadline) {
  }
  EXPECT_EQ(served(), on_disk());
  EXPECT_NE(served(), before);
  EXPECT_TRUE(enroll(token()));
}

TEST_F(Swapping, ADamagedIdentityNeverReplacesTheServedOne) {
  EnrollServerConfig config;
  config.reload_every = Milliseconds(1);
  serve(config);
  const std::string before = served();
  std::ofstream(root_ + "/collector/current/server.pem") << "half";
  for (int i = 0; i < 20; ++i) EXPECT_EQ(served(), before);
  std::filesystem::remove_all(root_ + "/collector");
  for (int i = 0; i < 20; ++i) EXPECT_EQ(served(), before);
  EXPECT_TRUE(enroll(token()));
}

TEST_F(Swapping, AWrongPairIsRefusedAtTheStart) {
  write_server_identity(ca_, now_);
  std::ofstream(root_ + "/collector/current/server-key.pem")
      << pki::render_key(pki::make_key().value()).value();
  EnrollServerConfig config;
  config.listen = "127.0.0.1:0";
  config.identity_dir = root_ + "/collector/current";
  EXPECT_FALSE(start_enroll_server(config, ca_, backend_));
}

TEST_F(Swapping, AListenAddressThatIsNoneIsSaid) {
  write_server_identity(ca_, now_);
  for (const std::string bad :
       {"", "127.0.0.1", "127.0.0.1:", "host:7444", "127.0.0.1:70000", "127.0.0.1:-1", ":7444"}) {
    EnrollServerConfig config;
    config.listen = bad;
    config.identity_dir = root_ + "/collector/current";
    const auto server = start_enroll_server(config, ca_, backend_);
    ASSERT_FALSE(server) << bad;
    EXPECT_EQ(server.error().code, Errc::kInvalidInput) << bad;
  }
}

}  // namespace
}  // namespace ondol::enroll
