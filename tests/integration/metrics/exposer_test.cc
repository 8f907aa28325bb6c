// The exposer on a real port, its output judged by Prometheus' own linter.
#include "common/metrics/exposer.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace ondol::metrics {
namespace {

std::unique_ptr<Exposer> opened() {
  auto exposer = Exposer::open("127.0.0.1:0", "test", "1.2.3");
  EXPECT_TRUE(exposer) << render(exposer.error());
  return std::move(*exposer);
}

std::string scrape(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  const std::string request = "GET /metrics HTTP/1.0\r\n\r\n";
  EXPECT_EQ(write(fd, request.data(), request.size()), static_cast<ssize_t>(request.size()));
  std::string answer;
  char buffer[4096];
  for (ssize_t n = 0; (n = read(fd, buffer, sizeof buffer)) > 0;) answer.append(buffer, static_cast<std::size_t>(n));
  close(fd);
  const auto body = answer.find("\r\n\r\n");
  return body == std::string::npos ? "" : answer.substr(body + 4);
}

std::map<std::string, std::string> labels_of(const Metric& metric) {
  std::map<std::string, std::string> labels;
  std::istringstream names{std::string(metric.labels)};
  for (std::string name; std::getline(names, name, ',');) labels[name] = "x";
  return labels;
}

void serve_one(Exposer& exposer, const Metric& metric) {
  switch (metric.kind) {
    case Kind::kCounter: exposer.counters(metric).Add(labels_of(metric)).Increment(); return;
    case Kind::kGauge: exposer.gauges(metric).Add(labels_of(metric)).Set(1); return;
    case Kind::kHistogram:
      exposer.histograms(metric)
          .Add(labels_of(metric), prometheus::Histogram::BucketBoundaries(kRepairBuckets.begin(), kRepairBuckets.end()))
          .Observe(0.001);
      return;
  }
}

TEST(Exposer, ServesTheBuildOfTheProgram) {
  const auto exposer = opened();
  EXPECT_NE(scrape(exposer->port()).find(R"(ondol_build_info{program="test",version="1.2.3"} 1)"), std::string::npos);
}

TEST(Exposer, EveryMetricPassesPromtool) {
  const auto exposer = opened();
  for (const Metric& metric : agent::kAll) serve_one(*exposer, metric);
  for (const Metric& metric : collector::kAll) serve_one(*exposer, metric);
  const std::string page = scrape(exposer->port());
  const auto file = std::filesystem::temp_directory_path() / ("ondol-metrics-" + std::to_string(getpid()));
  std::ofstream(file) << page;
  FILE* promtool = popen(("promtool check metrics < " + file.string() + " 2>&1").c_str(), "r");
  std::string said;
  char buffer[512];
  while (fgets(buffer, sizeof buffer, promtool) != nullptr) said += buffer;
  EXPECT_EQ(pclose(promtool), 0);
  EXPECT_EQ(said, "");
  std::filesystem::remove(file);
  for (const Metric& metric : agent::kAll) EXPECT_NE(page.find(metric.name), std::string::npos) << metric.name;
  for (const Metric& metric : collector::kAll) EXPECT_NE(page.find(metric.name), std::string::npos) << metric.name;
}

TEST(Exposer, NoNameIsUsedTwice) {
  std::set<std::string_view> names;
  for (const Metric& metric : agent::kAll) EXPECT_TRUE(names.insert(metric.name).second) << metric.name;
  for (const Metric& metric : collector::kAll) EXPECT_TRUE(names.insert(metric.name).second) << metric.name;
}

TEST(Exposer, ATakenPortIsNamedWithItsRemedy) {
  const auto first = opened();
  const std::string address = "127.0.0.1:" + std::to_string(first->port());
  const auto second = Exposer::open(address, "test", "1");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::kUnavailable);
  EXPECT_EQ(second.error().where, address);
  EXPECT_NE(second.error().message.find("Address already in use"), std::string::npos) << second.error().message;
  EXPECT_NE(second.error().remedy.find("metrics.listen"), std::string::npos);
}

TEST(Exposer, AnAddressThatIsNotOneIsRefused) {
  for (const char* listen : {"", "9790", "127.0.0.1", "127.0.0.1:port", "127.0.0.1:70000", ":9790", "host.invalid:9790"}) {
    EXPECT_FALSE(Exposer::open(listen, "test", "1")) << listen;
  }
}

TEST(Exposer, ASilentScraperDelaysTheNextOneByAtMostFiveSeconds) {
  const auto exposer = opened();
  const int silent = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(exposer->port());
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(connect(silent, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_NE(scrape(exposer->port()), "");
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(8));
  close(silent);
}

}  // namespace
}  // namespace ondol::metrics
