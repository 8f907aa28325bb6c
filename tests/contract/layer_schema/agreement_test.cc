// The schema that editors get and the parser judge the same files: what one takes the other takes.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "collector/cli/render/layer_schema.h"
#include "collector/cli/render/text.h"
#include "common/intent/resolve.h"

namespace ondol::cli {
namespace {

const std::string kFolder = ONDOL_SOURCE_DIR "/tests/contract/layer_schema";

struct Case {
  std::string verdict, title, content;  // good, bad; beyond: more than a schema can know
};

std::vector<Case> corpus() {
  std::ifstream file(kFolder + "/corpus.txt");
  std::vector<Case> cases;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("### ")) {
      const auto colon = line.find(": ");
      cases.push_back({line.substr(4, colon - 4), line.substr(colon + 2), ""});
    } else if (!cases.empty()) {
      cases.back().content += line + "\n";
    }
  }
  return cases;
}

bool parser_takes(const std::string& content) {
  std::vector<intent::Finding> findings;
  const auto layers = intent::Layers::parse({{"layers/global.yaml", content}}, findings);
  const auto is_error = [](const intent::Finding& finding) { return finding.severity == intent::Severity::kError; };
  return layers.resolve({.name = HostId("h")}, findings) != nullptr && std::none_of(findings.begin(), findings.end(), is_error);
}

std::vector<std::string> verdicts_of_schema() {
  const std::string schema = std::filesystem::temp_directory_path() / ("ondol-schema-" + std::to_string(getpid()) + ".json");
  std::ofstream(schema) << render_json(layer_schema());
  const std::string command = "/usr/bin/python3 " + kFolder + "/judge.py " + schema + " " + kFolder + "/corpus.txt";
  std::FILE* const pipe = popen(command.c_str(), "r");
  std::vector<std::string> verdicts;
  char line[64];
  while (pipe != nullptr && std::fgets(line, sizeof line, pipe) != nullptr) verdicts.emplace_back(line, std::string(line).size() - 1);
  EXPECT_EQ(pipe == nullptr ? -1 : pclose(pipe), 0) << "python3-jsonschema and python3-yaml are needed";
  std::filesystem::remove(schema);
  return verdicts;
}

TEST(LayerSchema, judges_every_file_of_the_corpus_as_the_parser_does) {
  const std::vector<Case> cases = corpus();
  const std::vector<std::string> verdicts = verdicts_of_schema();
  ASSERT_EQ(cases.size(), verdicts.size());
  ASSERT_GT(cases.size(), 50u);
  for (std::size_t i = 0; i < cases.size(); ++i) {
    EXPECT_EQ(parser_takes(cases[i].content), cases[i].verdict == "good") << "the parser: " << cases[i].title;
    EXPECT_EQ(verdicts[i] == "good", cases[i].verdict != "bad") << "the schema: " << cases[i].title;
  }
}

TEST(LayerSchema, describes_every_key) {
  const auto check = [](const auto& self, const Json& schema) -> void {
    if (schema.is_object() && schema.contains("properties") && schema.contains("additionalProperties")) {
      for (const auto& [name, key] : schema["properties"].items()) EXPECT_FALSE(key.value("description", "").empty()) << name;
    }
    if (!schema.is_structured()) return;
    for (const Json& below : schema) self(self, below);
  };
  check(check, layer_schema());
}

}  // namespace
}  // namespace ondol::cli
