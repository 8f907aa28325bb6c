// Runs every corpus file, and every truncation and single-byte change of it, through the fuzz entry.
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

std::size_t replay(const std::vector<std::uint8_t>& whole) {
  std::size_t runs = 0;
  // Copies of the exact size: a sanitizer sees a read of one byte too many.
  const auto run = [&runs](std::vector<std::uint8_t> bytes) {
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
    ++runs;
  };
  run(whole);
  const std::size_t interesting = std::min<std::size_t>(whole.size(), 2048);
  for (std::size_t size = 0; size < interesting; ++size)
    run({whole.begin(), whole.begin() + static_cast<long>(size)});
  for (std::size_t at = 0; at < interesting; ++at) {
    for (const int value : {0x00, 0x01, 0x7f, 0xff}) {
      auto changed = whole;
      changed[at] = static_cast<std::uint8_t>(value);
      changed.resize(std::min<std::size_t>(changed.size(), at + 512));
      run(std::move(changed));
    }
  }
  return runs;
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t files = 0;
  std::size_t runs = 0;
  for (const auto& entry : std::filesystem::directory_iterator(argc > 1 ? argv[1] : ".")) {
    std::ifstream file(entry.path(), std::ios::binary);
    runs += replay({std::istreambuf_iterator<char>(file), {}});
    ++files;
  }
  std::cout << files << " files, " << runs << " runs\n";
  return files > 0 ? 0 : 1;
}
