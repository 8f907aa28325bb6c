// What strict YAML accepts, and every way in which it refuses.
#include "common/yaml/strict_yaml.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace ondol::yaml {
namespace {

Node tree(std::string_view text) {
  auto node = parse(text, "f.yaml");
  EXPECT_TRUE(node) << (node ? "" : render(node.error()));
  return node ? *node : Node{};
}

// "f.yaml:2:1: what (remedy)"
std::string refusal(std::string_view text, const Limits& limits = {}) {
  const auto node = parse(text, "f.yaml", limits);
  return node ? "accepted" : render(node.error());
}

class TemporaryFolder {
 public:
  TemporaryFolder() : path_(std::filesystem::temp_directory_path() / ("intent-yaml-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(path_);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

TEST(StrictYaml, every_node_knows_its_place) {
  const Node root = tree("vars:\n  gw: 10.0.0.1\nlist:\n  - { to: a, via: \"b\" }\n  - ~\n");
  EXPECT_EQ(render(root.find("vars")->find("gw")->place), "f.yaml:2:7");
  EXPECT_EQ(render(root.find_key("list")->place), "f.yaml:3:1");
  const Node& list = *root.find("list");
  ASSERT_EQ(list.items.size(), 2u);
  EXPECT_EQ(render(list.items[0].place), "f.yaml:4:5");
  EXPECT_EQ(render(list.items[0].find("via")->place), "f.yaml:4:19");
  EXPECT_TRUE(list.items[0].find("via")->quoted);
  EXPECT_FALSE(list.items[0].find("to")->quoted);
  EXPECT_EQ(list.items[1].kind, Kind::kNull);
  EXPECT_EQ(root.find("absent"), nullptr);
}

TEST(StrictYaml, null_has_four_spellings_and_quotes_make_it_text) {
  const Node root = tree("a: ~\nb: null\nc:\nd: 'null'\n");
  EXPECT_EQ(root.find("a")->kind, Kind::kNull);
  EXPECT_EQ(root.find("b")->kind, Kind::kNull);
  EXPECT_EQ(root.find("c")->kind, Kind::kNull);
  EXPECT_EQ(root.find("d")->kind, Kind::kScalar);
}

TEST(StrictYaml, an_empty_text_and_a_text_of_comments_are_null_at_the_start) {
  EXPECT_EQ(tree("").kind, Kind::kNull);
  EXPECT_EQ(tree("# nothing here\n").kind, Kind::kNull);
  EXPECT_EQ(render(tree("").place), "f.yaml:1:1");
}

TEST(StrictYaml, a_document_start_line_and_block_text_are_accepted) {
  EXPECT_EQ(tree("---\na: |\n  two\n  lines\n").find("a")->scalar, "two\nlines\n");
}

TEST(StrictYaml, text_beyond_ascii_is_accepted) { EXPECT_EQ(tree("reason: 카드망\n").find("reason")->scalar, "카드망"); }

TEST(StrictYaml, a_duplicate_key_is_refused_naming_both_lines) {
  EXPECT_EQ(refusal("a: 1\nb: 2\na: 3\n"), "f.yaml:3:1: duplicate key 'a' (first in line 1) (keep one of them)");
  EXPECT_EQ(refusal("x: { a: 1, 'a': 2 }"), "f.yaml:1:12: duplicate key 'a' (first in line 1) (keep one of them)");
}

TEST(StrictYaml, a_tab_in_indentation_is_refused_with_its_place) {
  EXPECT_EQ(refusal("a:\n\tb: 1\n"), "f.yaml:2:1: a tab is used for indentation (indent with spaces)");
  EXPECT_EQ(refusal("a:\n  \tb: 1\n"), "f.yaml:2:3: a tab is used for indentation (indent with spaces)");
  EXPECT_EQ(tree("a: 'x\ty'\n").find("a")->scalar, "x\ty");
}

TEST(StrictYaml, a_byte_order_mark_is_refused) {
  EXPECT_EQ(refusal("\xef\xbb\xbf" "a: 1\n"),
            "f.yaml:1:1: the file starts with a byte order mark (save it as UTF-8 without a BOM)");
  EXPECT_EQ(refusal(std::string_view("\xff\xfe" "a\0", 4)), "f.yaml:1:1: invalid UTF-8 (save the file as UTF-8 text)");
}

TEST(StrictYaml, crlf_line_ends_are_refused) {
  EXPECT_EQ(refusal("a: 1\r\nb: 2\r\n"),
            "f.yaml:1:5: the line does not end in a plain LF (save the file with LF line ends, not CRLF)");
}

TEST(StrictYaml, nul_control_characters_and_invalid_utf8_are_refused) {
  EXPECT_EQ(refusal(std::string_view("a: \0b", 5)), "f.yaml:1:4: a NUL byte (save the file as UTF-8 text)");
  EXPECT_EQ(refusal("a: \x1b[31m"), "f.yaml:1:4: a control character (remove it)");
  EXPECT_EQ(refusal("a: \xc0\xaf"), "f.yaml:1:4: invalid UTF-8 (save the file as UTF-8 text)");
  EXPECT_EQ(refusal("a: \xed\xa0\x80"), "f.yaml:1:4: invalid UTF-8 (save the file as UTF-8 text)");
  EXPECT_EQ(refusal("a: b\xe2\x82"), "f.yaml:1:5: invalid UTF-8 (save the file as UTF-8 text)");
  EXPECT_EQ(refusal("a: \"x\\0y\""),
            "f.yaml:1:4: a value with control characters (remove the escapes that make them)");
  EXPECT_EQ(refusal("a: \"\\ud800\"").substr(0, 8), "f.yaml:1");
}

TEST(StrictYaml, a_file_of_100_mib_is_refused_unread) {
  const std::string huge(100 << 20, 'a');
  EXPECT_EQ(refusal(huge), "f.yaml:1:1: the file has more than 1048576 bytes (split it into smaller files)");
}

TEST(StrictYaml, nesting_is_bounded_in_flow_and_in_block_style) {
  EXPECT_TRUE(parse(std::string(16, '[') + std::string(16, ']'), "f.yaml"));
  EXPECT_EQ(refusal(std::string(17, '[') + std::string(17, ']')),
            "f.yaml:1:17: lists and mappings nested more than 16 deep (flatten the structure)");
  EXPECT_EQ(refusal(std::string(500'000, '[')).substr(0, 7), "f.yaml:");
  EXPECT_EQ(refusal(std::string(500'000, '{')).substr(0, 7), "f.yaml:");
  std::string block;
  for (int i = 0; i < 400; ++i) block += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
  EXPECT_NE(refusal(block).find("nested more than 16 deep"), std::string::npos);
  std::string dashes;
  for (int i = 0; i < 100'000; ++i) dashes += "- ";
  EXPECT_NE(refusal(dashes).find("nested more than 16 deep"), std::string::npos);
}

TEST(StrictYaml, the_number_of_values_and_their_length_are_bounded) {
  EXPECT_EQ(refusal("[a, b, c, d]", Limits{.max_nodes = 4}),
            "f.yaml:1:11: the file has more than 4 values (split it into smaller files)");
  EXPECT_EQ(refusal("a: " + std::string(4097, 'x')), "f.yaml:1:4: a value longer than 4096 bytes (shorten it)");
}

TEST(StrictYaml, anchors_aliases_tags_and_merge_keys_are_refused) {
  EXPECT_NE(refusal("a: &x 1\n").find("anchors are not accepted"), std::string::npos);
  EXPECT_NE(refusal("a: &x [1]\nb: *x\n").find("anchors are not accepted"), std::string::npos);
  EXPECT_EQ(refusal("a: *x\n").substr(0, 11), "f.yaml:1:4:");
  EXPECT_NE(refusal("a: !!str 1\n").find("tags are not accepted"), std::string::npos);
  EXPECT_NE(refusal("a: ! 1\n").find("tags are not accepted"), std::string::npos);
  EXPECT_NE(refusal("a: !t [1]\n").find("tags are not accepted"), std::string::npos);
  EXPECT_NE(refusal("a: !t\n").find("tags are not accepted"), std::string::npos);
  EXPECT_NE(refusal("<<: { a: 1 }\n").find("merge keys are not accepted"), std::string::npos);
  EXPECT_NE(refusal("%TAG ! tag:x,2000:\n---\na: 1\n").find("directives are not accepted"), std::string::npos);
}

TEST(StrictYaml, a_second_document_is_refused) {
  EXPECT_NE(refusal("a: 1\n---\nb: 2\n").find("a second YAML document"), std::string::npos);
}

TEST(StrictYaml, a_quote_that_is_never_closed_does_not_swallow_the_rest_of_the_file) {
  EXPECT_EQ(refusal("a: \"x\nb: y\n"), "f.yaml:3:1: a quote is opened and never closed (close it)");
  EXPECT_EQ(refusal("a: 'x\nb: y"), "f.yaml:3:1: a quote is opened and never closed (close it)");
  EXPECT_NE(refusal("- \"x\n- y\n\n"), "accepted");
}

TEST(StrictYaml, a_document_end_line_and_block_text_at_the_end_are_accepted) {
  EXPECT_EQ(tree("a: 1\n...\n").find("a")->scalar, "1");
  EXPECT_EQ(tree("a: |\n  x\n").find("a")->scalar, "x\n");
  EXPECT_EQ(tree("a: |-\n  x\n").find("a")->scalar, "x");
  EXPECT_EQ(tree("a: |+\n  x\n\n").find("a")->scalar, "x\n\n");
  EXPECT_EQ(tree("a: b # c").find("a")->scalar, "b");
}

TEST(StrictYaml, keys_are_plain_names) {
  EXPECT_NE(refusal("[a]: 1\n").find("a key that is a list or a mapping"), std::string::npos);
  EXPECT_NE(refusal("? { a: 1 }\n: 1\n").find("a key that is a list or a mapping"), std::string::npos);
  EXPECT_NE(refusal("~: 1\n").find("an empty key"), std::string::npos);
  EXPECT_NE(refusal(": 1\n").find("an empty key"), std::string::npos);
}

TEST(StrictYaml, no_exception_of_the_parser_escapes) {
  for (const char* text : {"a: b: c", "a: [1, 2", "a: \"open", "- a\nb: c", "!", "!2", "&", "*", "@x", "`x`", "a:\n- b\n c",
                           "? a\n? b", "{a: 1", "[", "]", "}", "'", "\"\\x", "\"\\q\"", "|", "|9", ">-+", "!<", "!<>",
                           "--- |", "... x", "? ? ? ? ?", "{,}", "[,]", "{? }", "- - -\n -", "key: |\n  a\n b"}) {
    const auto node = parse(text, "f.yaml");
    EXPECT_TRUE(node || !node.error().where.empty()) << text;
  }
}

TEST(StrictYaml, a_file_is_read_through_a_symlink) {
  const TemporaryFolder folder;
  std::ofstream(folder.file("real.yaml")) << "a: 1\n";
  std::filesystem::create_symlink(folder.file("real.yaml"), folder.file("link.yaml"));
  const auto node = parse_file(folder.file("link.yaml"));
  ASSERT_TRUE(node);
  EXPECT_EQ(node->find("a")->scalar, "1");
}

TEST(StrictYaml, a_missing_file_a_folder_a_fifo_and_a_large_file_are_refused) {
  const TemporaryFolder folder;
  EXPECT_EQ(parse_file(folder.file("absent")).error().code, Errc::kNotFound);
  EXPECT_EQ(parse_file(folder.file("")).error().message, "is not a regular file");
  ASSERT_EQ(::mkfifo(folder.file("fifo").c_str(), 0600), 0);
  EXPECT_EQ(parse_file(folder.file("fifo")).error().message, "is not a regular file");
  EXPECT_EQ(parse_file("/dev/zero").error().message, "is not a regular file");
  std::ofstream(folder.file("large")) << "a: 1\n";
  std::filesystem::resize_file(folder.file("large"), 100 << 20);
  EXPECT_EQ(parse_file(folder.file("large")).error().code, Errc::kLimit);
}

}  // namespace
}  // namespace ondol::yaml
