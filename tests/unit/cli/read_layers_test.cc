#include "collector/cli/commands/read_layers.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

namespace ondol::cli {
namespace {

namespace fs = std::filesystem;

class ReadLayers : public testing::Test {
 protected:
  ReadLayers() {
    std::string pattern = (fs::temp_directory_path() / "ondol-unit-cli-XXXXXX").string();
    root_ = mkdtemp(pattern.data());
    fleet_ = root_ / "fleet";
    fs::create_directories(fleet_ / "layers/app");
  }
  ~ReadLayers() override { fs::remove_all(root_); }

  void write(const std::string& path, const std::string& content) { std::ofstream(fleet_ / path) << content; }
  std::string refusal() {
    const auto layers = read_layers(fleet_);
    return layers ? "" : layers.error().message;
  }

  fs::path root_, fleet_;
};

TEST_F(ReadLayers, gives_every_yaml_file_sorted_with_its_path_in_the_fleet) {
  write("layers/global.yaml", "a");
  write("layers/app/x.yaml", "b");
  write("layers/README.md", "not a layer");
  write("hosts.csv", "not a layer");
  const auto layers = read_layers(fleet_);
  ASSERT_TRUE(layers) << render(layers.error());
  ASSERT_EQ(layers->size(), 2U);
  EXPECT_EQ((*layers)[0].path, "layers/app/x.yaml");
  EXPECT_EQ((*layers)[0].content, "b");
  EXPECT_EQ((*layers)[1].path, "layers/global.yaml");
}

TEST_F(ReadLayers, a_folder_that_is_not_there_or_holds_no_layers_is_refused) {
  EXPECT_EQ(refusal(), "holds no layer files");
  EXPECT_FALSE(read_layers(root_ / "nowhere"));
  const auto wrong = read_layers(root_);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().remedy, "name the fleet directory, the one that holds layers/");
}

TEST_F(ReadLayers, one_mebibyte_is_read_and_one_byte_more_is_refused) {
  write("layers/global.yaml", std::string(1 << 20, 'x'));
  EXPECT_EQ(refusal(), "");
  write("layers/global.yaml", std::string((1 << 20) + 1, 'x'));
  EXPECT_EQ(refusal(), "is larger than 1048576 bytes");
}

TEST_F(ReadLayers, links_inside_the_fleet_are_followed_and_links_out_of_it_are_refused) {
  write("layers/global.yaml", "a");
  fs::create_symlink("../global.yaml", fleet_ / "layers/app/same.yaml");
  EXPECT_EQ(refusal(), "");
  fs::create_symlink("/etc/passwd", fleet_ / "layers/app/passwd.yaml");
  EXPECT_NE(refusal().find("leads out of the fleet directory"), std::string::npos);
}

TEST_F(ReadLayers, links_to_folders_and_broken_links_are_refused) {
  write("layers/global.yaml", "a");
  fs::create_symlink("..", fleet_ / "layers/app/loop");
  EXPECT_EQ(refusal(), "is a link to a folder");
  fs::remove(fleet_ / "layers/app/loop");
  fs::create_symlink("nothing", fleet_ / "layers/app/broken.yaml");
  EXPECT_NE(refusal().find("cannot be followed"), std::string::npos);
}

TEST_F(ReadLayers, a_pipe_does_not_hang_it) {
  ASSERT_EQ(mkfifo((fleet_ / "layers/pipe.yaml").c_str(), 0600), 0);
  EXPECT_EQ(refusal(), "is not a regular file");
}

TEST_F(ReadLayers, a_file_that_nobody_would_read_is_refused) {
  write("layers/global.yml", "a");
  EXPECT_EQ(refusal(), "is not read");
}

TEST_F(ReadLayers, a_name_with_control_characters_is_refused) {
  write("layers/a\x1b.yaml", "a");
  EXPECT_EQ(refusal(), "a layer's name has control characters or is not UTF-8");
}

}  // namespace
}  // namespace ondol::cli
