// The engines under contract, each made fresh for one test, and the batches that tests write.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <functional>

#include "collector/store/store.h"

namespace ondol::store {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = std::filesystem::temp_directory_path() / "ondol-store-XXXXXX";
    path_ = mkdtemp(name.data());
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  std::string file(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

struct Engine {
  std::string name;
  std::function<std::unique_ptr<Store>(const TemporaryDirectory&)> make;
};

class StoreContract : public testing::TestWithParam<Engine> {
 protected:
  void SetUp() override { store_ = GetParam().make(directory_); }
  Store& store() { return *store_; }
  void commit(const Batch& batch) {
    const auto stored = store_->commit(batch);
    ASSERT_TRUE(stored) << render(stored.error());
  }
  void expect_refused(const Batch& batch, Errc code, const std::string& where) {
    const auto stored = store_->commit(batch);
    ASSERT_FALSE(stored);
    EXPECT_EQ(stored.error().code, code) << render(stored.error());
    EXPECT_EQ(stored.error().where, where) << render(stored.error());
  }

 private:
  TemporaryDirectory directory_;
  std::unique_ptr<Store> store_;
};

inline std::vector<Engine> every_engine() {
  return {{"memory", [](const TemporaryDirectory&) { return make_memory_store(); }},
          {"sqlite", [](const TemporaryDirectory& directory) {
             auto opened = open_sqlite_store(directory.file("store.db"));
             EXPECT_TRUE(opened) << render(opened.error());
             return std::move(*opened);
           }}};
}

inline std::string engine_name(const testing::TestParamInfo<Engine>& info) { return info.param.name; }

template <typename T>
T value_of(Result<T> result) {
  EXPECT_TRUE(result) << render(result.error());
  return result ? std::move(*result) : T{};
}

inline WallTime at(std::int64_t seconds) { return WallTime{std::chrono::seconds(seconds)}; }
inline HostId host(const std::string& name) { return HostId(name); }

inline DesiredRow desired(const std::string& name, std::uint64_t generation, const std::string& payload = "p") {
  return {host(name), Generation(generation), Revision("r1"), sha256_of(payload), payload};
}
inline EventRow event(const std::string& name, std::uint64_t sequence, const std::string& payload = "e") {
  return {host(name), EventSequence(sequence), at(static_cast<std::int64_t>(sequence % 1'000'000)), payload};
}
inline DriftRow drift(std::uint64_t id, const std::string& name, std::optional<WallTime> closed = {}) {
  return {DriftId(id), host(name), at(100), closed, "drift " + std::to_string(id)};
}
inline TokenRow token(const std::string& secret, const std::string& name) {
  return {sha256_of(secret), host(name), at(600), std::nullopt, "uid 0 (root)"};
}
inline AppendAudit audit(const std::string& action, const std::string& subject = "fleet") {
  return {at(7), "uid 1000 (kim)", action, subject, "detail of " + action};
}

}  // namespace ondol::store
