// The real ondolctl with a folder of its own, and a fake collector once start() was called.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "tests/integration/cli/fake_admin.h"

namespace ondol::cli {

namespace fs = std::filesystem;

struct Ran {
  int exit_code = -1;
  std::string out, err;
};

inline std::string content_of(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

class Ondolctl : public testing::Test {
 protected:
  Ondolctl() {
    std::string pattern = (fs::temp_directory_path() / "ondol-cli-XXXXXX").string();
    root_ = mkdtemp(pattern.data());
    socket_ = root_ / "admin.sock";
    fs::create_directories(root_ / "fleet/layers");
    std::ofstream(root_ / "fleet/layers/global.yaml") << "routes: { list: [] }\n";
  }
  ~Ondolctl() override { fs::remove_all(root_); }

  void start() { admin_ = std::make_unique<FakeAdmin>(socket_); }

  std::string line_of(const std::string& arguments) const {
    return std::string(ONDOL_BINARY_DIR) + "/bin/ondolctl --socket " + socket_.string() + " " + arguments;
  }

  Ran run(const std::string& arguments, const std::string& environment = "") {
    const std::string line = "env " + environment + " " + line_of(arguments) + " >" +
                             (root_ / "out").string() + " 2>" + (root_ / "err").string() + " </dev/null";
    const int status = std::system(line.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, content_of(root_ / "out"),
            content_of(root_ / "err")};
  }

  fs::path root_, socket_;
  std::unique_ptr<FakeAdmin> admin_;
};

}  // namespace ondol::cli
