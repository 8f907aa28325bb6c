// events.def, the message catalogue and the runbook say the same things about the same events.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <vector>

#include "common/journal/journal.h"

namespace ondol::journal {
namespace {

namespace fs = std::filesystem;

const fs::path kSource = ONDOL_SOURCE_DIR;

std::vector<EventFacts> every_event() {
  std::vector<EventFacts> events;
#define ONDOL_EVENT(name, level, id, summary) events.push_back(facts(Event::name));
#include "common/journal/events.def"
#undef ONDOL_EVENT
  return events;
}

struct Entry {
  std::map<std::string, std::string> header;
  std::vector<std::string> paragraphs;
};

std::string contents(const fs::path& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

void parse_line(const std::string& line, Entry& entry, bool& in_header) {
  if (in_header && line.empty()) {
    in_header = false;
    entry.paragraphs.emplace_back();
  } else if (in_header) {
    const auto colon = line.find(": ");
    entry.header[line.substr(0, colon)] = colon == std::string::npos ? "" : line.substr(colon + 2);
  } else if (line.empty()) {
    if (!entry.paragraphs.back().empty()) entry.paragraphs.emplace_back();
  } else {
    entry.paragraphs.back() += line + "\n";
  }
}

std::multimap<std::string, Entry> parse_catalog() {
  std::multimap<std::string, Entry> entries;
  std::istringstream lines(contents(kSource / "systemd/ondol.catalog"));
  Entry* current = nullptr;
  bool in_header = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("#")) continue;
    if (line.starts_with("-- ")) {
      current = &entries.emplace(line.substr(3), Entry{})->second;
      in_header = true;
    } else if (current != nullptr) {
      parse_line(line, *current, in_header);
    }
  }
  for (auto& [id, entry] : entries) {
    while (!entry.paragraphs.empty() && entry.paragraphs.back().empty()) entry.paragraphs.pop_back();
  }
  return entries;
}

bool needs_runbook(const EventFacts& event) { return event.level == Level::kErr || event.level == Level::kWarning; }

TEST(Events, EveryIdIsThirtyTwoHexadecimalDigitsAndUnique) {
  std::set<std::string_view> ids, names;
  for (const EventFacts& event : every_event()) {
    EXPECT_EQ(event.id.size(), 32u) << event.name;
    EXPECT_EQ(event.id.find_first_not_of("0123456789abcdef"), std::string_view::npos) << event.name;
    EXPECT_TRUE(ids.insert(event.id).second) << event.name << " has the id of another event";
    EXPECT_TRUE(names.insert(event.name).second) << event.name;
    EXPECT_TRUE(event.summary.ends_with(".")) << event.name;
  }
}

TEST(Catalogue, EveryEventHasOneEntryThatSaysWhatItMeansAndWhatToDo) {
  const auto entries = parse_catalog();
  for (const EventFacts& event : every_event()) {
    SCOPED_TRACE(event.name);
    ASSERT_EQ(entries.count(std::string(event.id)), 1u) << "systemd/ondol.catalog needs one entry -- " << event.id;
    const Entry& entry = entries.find(std::string(event.id))->second;
    EXPECT_EQ(entry.header.count("Subject"), 1u);
    EXPECT_EQ(entry.header.count("Defined-By"), 1u);
    ASSERT_EQ(entry.paragraphs.size(), 3u) << "what happened, what it means, what to do";
    const std::string page = "file:///usr/share/doc/ondol/runbook/" + std::string(event.name) + ".md";
    const auto documentation = entry.header.find("Documentation");
    EXPECT_EQ(documentation == entry.header.end() ? "" : documentation->second, needs_runbook(event) ? page : "");
  }
}

TEST(Catalogue, EveryEntryBelongsToAnEvent) {
  std::set<std::string> ids;
  for (const EventFacts& event : every_event()) ids.emplace(event.id);
  for (const auto& [id, entry] : parse_catalog()) EXPECT_TRUE(ids.contains(id)) << "no event has " << id;
}

TEST(Catalogue, SystemdReadsIt) {
  std::string name = fs::temp_directory_path() / "ondol-catalog-XXXXXX";
  const fs::path root = mkdtemp(name.data());
  fs::create_directories(root / "usr/lib/systemd/catalog");
  fs::copy_file(kSource / "systemd/ondol.catalog", root / "usr/lib/systemd/catalog/ondol.catalog");
  const std::string log = (root / "log").string();
  EXPECT_EQ(std::system(("journalctl --update-catalog --root=" + root.string() + " > " + log + " 2>&1").c_str()), 0);
  EXPECT_EQ(contents(log), "");
  EXPECT_TRUE(every_event().empty() || fs::exists(root / "var/lib/systemd/catalog/database"));
  fs::remove_all(root);
}

TEST(Runbook, EveryWarningAndErrorHasAPageWithTheSameThreeParts) {
  for (const EventFacts& event : every_event()) {
    if (!needs_runbook(event)) continue;
    SCOPED_TRACE(event.name);
    const std::string page = contents(kSource / "deploy/runbook" / (std::string(event.name) + ".md"));
    EXPECT_TRUE(page.starts_with("# " + std::string(event.name) + "\n")) << "deploy/runbook/" << event.name << ".md";
    for (const char* part : {"## What happened\n", "## What it means\n", "## What to do\n"}) {
      EXPECT_NE(page.find(part), std::string::npos) << part;
    }
    EXPECT_NE(page.find(event.id), std::string::npos) << "the page names its MESSAGE_ID";
  }
}

TEST(Runbook, EveryPageBelongsToAWarningOrAnError) {
  std::set<std::string> wanted;
  for (const EventFacts& event : every_event()) {
    if (needs_runbook(event)) wanted.insert(std::string(event.name) + ".md");
  }
  if (!fs::exists(kSource / "deploy/runbook")) return;
  for (const auto& page : fs::directory_iterator(kSource / "deploy/runbook")) {
    EXPECT_TRUE(wanted.contains(page.path().filename())) << page.path();
  }
}

}  // namespace
}  // namespace ondol::journal
