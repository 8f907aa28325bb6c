// CMDB hosts from and to CSV: every bad cell is told with its line, its column and what to write.
#include "collector/cmdb/parse_csv.h"

#include <gtest/gtest.h>

#include "common/intent/resolve.h"

namespace ondol::cmdb {
namespace {

const std::string kHeader = "name,cluster,phase,app_type,app_group,app,service_code,owner,rack,labels\n";

// "line:column: message" a line.
std::string errors(std::string_view text) {
  std::string lines;
  for (const CellNote& note : parse_csv(text).errors) {
    lines += std::to_string(note.line) + ":" + note.column + ": " + note.message + "\n";
  }
  return lines;
}

TEST(ParseCsv, a_whole_line_becomes_a_record) {
  const ParsedCsv parsed = parse_csv(kHeader + "pay-web-01,seoul-1,live,api,payments,settlement,SVC-1,\"Kim, Y.\",r12,zone=a;tier=1\n");
  EXPECT_TRUE(parsed.errors.empty());
  ASSERT_EQ(parsed.records.size(), 1u);
  store::HostRecord expected;
  expected.name = HostId("pay-web-01");
  expected.cluster = "seoul-1";
  expected.phase = "live";
  expected.app_type = "api";
  expected.app_group = "payments";
  expected.app = "settlement";
  expected.service_code = "SVC-1";
  expected.owner = "Kim, Y.";
  expected.rack = "r12";
  expected.labels = {{"tier", "1"}, {"zone", "a"}};
  EXPECT_EQ(parsed.records[0], expected);
}

TEST(ParseCsv, columns_may_come_in_any_order_and_cells_may_be_empty) {
  const ParsedCsv parsed = parse_csv("labels,rack,owner,service_code,app,app_group,app_type,phase,cluster,name\n,,,,,,,,,a\n");
  EXPECT_TRUE(parsed.errors.empty());
  EXPECT_EQ(parsed.records.at(0).name, HostId("a"));
}

TEST(ParseCsv, what_a_spreadsheet_saves_is_accepted) {
  const ParsedCsv parsed = parse_csv("\xef\xbb\xbfname,cluster,phase,app_type,app_group,app,service_code,owner,rack,labels\r\na,,,,,,,김,,\r\n\r\n");
  EXPECT_TRUE(parsed.errors.empty());
  ASSERT_EQ(parsed.records.size(), 1u);
  EXPECT_EQ(parsed.records[0].owner, "김");
  EXPECT_EQ(parse_csv(kHeader + "a,,,,,,,,,").records.size(), 1u);
}

TEST(ParseCsv, a_wrong_header_names_unknown_missing_and_double_columns) {
  EXPECT_EQ(errors("name,clustre,phase,app_type,app_group,app,service_code,owner,rack,labels,rack\na\n"),
            "1:clustre: unknown column 'clustre'; did you mean 'cluster'?\n"
            "1:rack: the column 'rack' is there twice; remove one\n"
            "1:cluster: the column 'cluster' is missing; add it, its cells may be empty\n");
  EXPECT_NE(errors("a,b\n").find("unknown column 'a'"), std::string::npos);
  EXPECT_EQ(errors("").substr(0, 30), "1:: the file is empty; write t");
  EXPECT_EQ(errors("\n\n").substr(0, 22), "1:: the file is empty;");
}

TEST(ParseCsv, a_duplicate_host_names_the_first_line) {
  EXPECT_EQ(errors(kHeader + "a,,,,,,,,,\nb,,,,,,,,,\na,,,,,,,,,\n"),
            "4:name: host 'a' is already in line 2; remove one of the lines\n");
}

TEST(ParseCsv, names_that_cannot_be_layer_files) {
  EXPECT_EQ(errors(kHeader + "Pay-01,Seoul 1,../x,,,,,,,\n,,,,,,,,,\n"),
            "2:name: 'Pay-01' is not a valid name; write 'pay-01'\n"
            "2:cluster: 'Seoul 1' is not a valid name; use 1 to 63 of a-z 0-9 . _ -, the first a letter or digit\n"
            "2:phase: '../x' is not a valid name; use 1 to 63 of a-z 0-9 . _ -, the first a letter or digit\n"
            "3:name: a host without a name; write its name\n");
  EXPECT_NE(errors(kHeader + std::string(64, 'a') + ",,,,,,,,,\n"), "");
  EXPECT_EQ(errors(kHeader + std::string(63, 'a') + ",,,,,,,,,\n"), "");
}

TEST(ParseCsv, a_cell_too_long_or_with_spaces_around_it) {
  EXPECT_EQ(errors(kHeader + "a,,,,,,," + std::string(257, 'x') + ", r1,\n"),
            "2:owner: longer than 256 bytes; shorten it\n2:rack: ' r1' has spaces around it; remove them\n");
}

TEST(ParseCsv, too_few_and_too_many_cells) {
  EXPECT_EQ(errors(kHeader + "a,b\na,,,,,,,,,,\n"),
            "2:: 2 cells where the header has 10; add or remove commas, or quote a value with a comma\n"
            "3:: 11 cells where the header has 10; add or remove commas, or quote a value with a comma\n");
  EXPECT_NE(errors(kHeader + std::string(100'000, ',') + "\n").find("too many cells"), std::string::npos);
}

TEST(ParseCsv, quotes_that_do_not_pair) {
  EXPECT_EQ(errors(kHeader + "a,,,,,,,\"Kim,,\nb,,,,,,,,,\n"), "2:: a quote is opened and never closed; close it, or write it twice\n");
  EXPECT_NE(errors(kHeader + "a,,,,,,,K\"im,,\n").find("2:: a quote inside a value"), std::string::npos);
  EXPECT_NE(errors(kHeader + "a,,,,,,,\"Kim\"x,,\n").find("2:: text after a closing quote"), std::string::npos);
  EXPECT_EQ(parse_csv(kHeader + "a,,,,,,,\"\"\"Kim\"\"\",,\n").records.at(0).owner, "\"Kim\"");
}

TEST(ParseCsv, a_line_after_a_bad_one_is_still_read_with_its_number) {
  EXPECT_EQ(errors(kHeader + "a,,,,,,,\"two\nlines\",,\nb,,,,,,,K\"im,,\nC,,,,,,,,,\n"),
            "2:owner: 'two\\x0alines' has control characters or is not UTF-8; save the file as UTF-8 text\n"
            "4:: a quote inside a value that is not quoted; write the value in quotes and each quote in it twice\n"
            "5:name: 'C' is not a valid name; write 'c'\n");
}

TEST(ParseCsv, nul_control_characters_and_invalid_utf8) {
  EXPECT_NE(errors(kHeader + std::string("a,,,,,,,x\0y,,\n", 14)).find("2:owner: 'x\\x00y' has control characters"), std::string::npos);
  EXPECT_NE(errors(kHeader + "a,,,,,,,\xff,,\n").find("2:owner:"), std::string::npos);
  EXPECT_NE(errors(kHeader + "a,,,,,,,x\ry,,\n").find("2:owner:"), std::string::npos);
  EXPECT_NE(errors(std::string("\xff\xfe" "n\0a\0", 6)), "");
}

TEST(ParseCsv, labels_that_are_not_pairs) {
  const auto label = [](const std::string& text) { return errors(kHeader + "a,,,,,,,,," + text + "\n"); };
  EXPECT_EQ(label("zone"), "2:labels: 'zone' is not a label; write key=value;key=value with keys of a-z 0-9 . _ -\n");
  EXPECT_NE(label("=a"), "");
  EXPECT_NE(label("Zone=a"), "");
  EXPECT_NE(label("a=1;;b=2"), "");
  EXPECT_EQ(label("a=1;a=2"), "2:labels: the label 'a' is there twice; remove one\n");
  EXPECT_EQ(label("a=1;b=;c=x=y"), "");
  std::string many;
  for (int i = 0; i < 65; ++i) many += "k" + std::to_string(i) + "=v;";
  EXPECT_NE(label(many).find("more than 64 labels"), std::string::npos);
}

TEST(ParseCsv, errors_are_bounded) {
  std::string text = kHeader;
  for (int i = 0; i < 2'000; ++i) text += "x\n";
  EXPECT_EQ(parse_csv(text).errors.size(), 1'000u);
}

TEST(ParseCsv, a_file_of_100_mib_is_refused_unread) {
  EXPECT_EQ(errors(std::string(100 << 20, 'a')), "1:: the file has more than 67108864 bytes; split it\n");
}

TEST(ParseCsv, ten_thousand_hosts_go_there_and_back) {
  std::vector<store::HostRecord> records;
  for (int i = 0; i < 10'000; ++i) {
    store::HostRecord record;
    record.name = HostId("host-" + std::to_string(i));
    record.cluster = "seoul-" + std::to_string(i % 7);
    record.owner = i % 2 == 0 ? "Kim \"the one\", Y." : "이";
    record.labels = {{"zone", std::string(1, static_cast<char>('a' + i % 3))}, {"empty", ""}};
    records.push_back(record);
  }
  const ParsedCsv parsed = parse_csv(render_csv(records));
  EXPECT_TRUE(parsed.errors.empty());
  EXPECT_EQ(parsed.records, records);
}

TEST(ParseCsv, a_misspelt_cluster_is_a_record_and_resolving_it_warns) {
  const ParsedCsv parsed = parse_csv(kHeader + "a,soeul-1,,,,,,,,\n");
  ASSERT_TRUE(parsed.errors.empty());
  std::vector<intent::Finding> findings;
  const auto layers = intent::Layers::parse({{"layers/cluster/seoul-1.yaml", ""}}, findings);
  EXPECT_NE(layers.resolve({.name = parsed.records[0].name, .cluster = parsed.records[0].cluster}, findings), nullptr);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].severity, intent::Severity::kWarning);
  EXPECT_NE(findings[0].remedy.find("did you mean 'seoul-1'?"), std::string::npos);
}

}  // namespace
}  // namespace ondol::cmdb
