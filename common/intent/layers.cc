// The files of a revision: parsed once, then asked for each host.
#include <fmt/format.h>

#include <algorithm>

#include "common/base/author.h"
#include "common/base/digest.h"
#include "common/base/nearest_name.h"
#include "common/intent/parsed_layers.h"
#include "common/intent/schema.h"

namespace ondol::intent {
namespace {

constexpr std::size_t kMaxFiles = 10'000;
constexpr std::size_t kMaxTotalBytes = std::size_t{256} << 20;

// Takes one file into `parsed`, as `known` when it was parsed before, or says why it cannot be a layer.
void parse_one(const LayerText& file, std::shared_ptr<const Layer> known, LayerFiles& parsed, std::vector<Finding>& findings) {
  auto name = parse_layer_path(file.path);
  if (!name) {
    findings.push_back(as_error(std::move(name.error())));
    return;
  }
  if (parsed.by_path.contains(file.path)) {
    findings.push_back(as_error(Fault{{file.path, 0, 0}, "the file is given twice", "keep one of them"}));
    return;
  }
  if (!known) known = std::make_shared<const Layer>(parse_layer(file.path, *std::move(name), file.content));
  findings.insert(findings.end(), known->faults.begin(), known->faults.end());
  parsed.by_path.emplace(file.path, std::move(known));
}

Finding missing_layer(const LayerFiles& parsed, Level level, const std::string& name, const std::string& path) {
  std::vector<std::string_view> known;
  for (const auto& [file, layer] : parsed.by_path) {
    if (layer->name.level == level) known.push_back(layer->name.name);
  }
  const auto near = nearest_name(name, known);
  return {Severity::kWarning, {path, 0, 0}, fmt::format("the record names '{}', but there is no such layer file", escaped(name)),
          near ? fmt::format("did you mean '{}'? correct the record or create the file", *near)
               : "create the file, or correct the record",
          {}};
}

// The layers of a host, low to high; names without a file are told.
LayerStack stack_of(const HostFacts& host, const LayerFiles& parsed, std::vector<Finding>& findings) {
  static const std::string kNoName;
  const std::string* const names[kLevels] = {&kNoName,        &host.cluster, &host.phase,     &host.app_type,
                                             &host.app_group, &host.app,     &host.name.value};
  LayerStack stack;
  for (std::size_t i = 0; i < kLevels; ++i) {
    const auto level = static_cast<Level>(i);
    if (level != Level::kGlobal && names[i]->empty()) continue;
    const std::string path = layer_path(level, *names[i]);
    const auto found = parsed.by_path.find(path);
    const bool is_optional = level == Level::kGlobal || level == Level::kHost;
    if (found != parsed.by_path.end()) {
      stack.push_back(found->second.get());
    } else if (!is_optional) {
      findings.push_back(missing_layer(parsed, level, *names[i], path));
    }
  }
  return stack;
}

const StackResult& remembered(const LayerStack& stack, Layers::Parsed& parsed) {
  const auto known = parsed.results.find(stack);
  if (known != parsed.results.end()) return known->second;
  if (parsed.result_routes > kRememberedRoutes) {
    parsed.results.clear();
    parsed.result_routes = 0;
  }
  StackResult result = resolve_stack(stack, parsed);
  const bool has_routes = result.host && result.host->state.routes;
  parsed.result_routes += 16 + result.findings.size() + (has_routes ? result.host->state.routes->routes.size() : 0);
  return parsed.results.emplace(stack, std::move(result)).first->second;
}

bool is_error(const Finding& finding) { return finding.severity == Severity::kError; }

}  // namespace

Layers Layers::parse(const std::vector<LayerText>& files, std::vector<Finding>& findings) {
  return parse(files, findings, Layers(std::make_shared<Parsed>()), {});
}

Layers Layers::parse(const std::vector<LayerText>& files, std::vector<Finding>& findings, const Layers& before,
                     const std::set<std::string>& unchanged) {
  auto parsed = std::make_shared<Parsed>();
  std::size_t bytes = 0;
  for (const LayerText& file : files) bytes += file.content.size();
  if (files.size() > kMaxFiles || bytes > kMaxTotalBytes) {
    findings.push_back(as_error(Fault{{"layers", 0, 0},
                                      fmt::format("{} files with {} bytes, more than {} files or {} bytes", files.size(),
                                                  bytes, kMaxFiles, kMaxTotalBytes),
                                      "merge small files or drop unused ones"}));
    return Layers(std::move(parsed));
  }
  for (const LayerText& file : files) {
    const auto known = unchanged.contains(file.path) ? before.parsed_->files->by_path.find(file.path)
                                                     : before.parsed_->files->by_path.end();
    const bool is_known = known != before.parsed_->files->by_path.end();
    parse_one(file, is_known ? known->second : nullptr, *parsed->files, findings);
  }
  return Layers(std::move(parsed));
}

LayerStack Layers::stack(const HostFacts& host) const {
  std::vector<Finding> missing;
  return stack_of(host, *parsed_->files, missing);
}

void Layers::forget() {
  auto files = parsed_->files;
  parsed_ = std::make_shared<Parsed>();
  parsed_->files = std::move(files);
}

LayerStack Layers::all() const {
  LayerStack all;
  for (const auto& [path, layer] : parsed_->files->by_path) all.push_back(layer.get());
  return all;
}

std::shared_ptr<const ResolvedHost> Layers::resolve(const HostFacts& host, std::vector<Finding>& findings) const {
  std::vector<Finding> found;
  const LayerStack stack = stack_of(host, *parsed_->files, found);
  for (const Layer* layer : stack) found.insert(found.end(), layer->faults.begin(), layer->faults.end());
  std::shared_ptr<const ResolvedHost> resolved;
  if (std::none_of(found.begin(), found.end(), is_error)) {
    const StackResult& result = remembered(stack, *parsed_);
    found.insert(found.end(), result.findings.begin(), result.findings.end());
    resolved = result.host;
  }
  if (resolved && host.addresses && resolved->state.routes) {
    auto judged = findings_of(judge_routes(*resolved->state.routes, host.addresses), resolved->origins);
    found.insert(found.end(), judged.begin(), judged.end());
    if (std::any_of(judged.begin(), judged.end(), is_error)) resolved = nullptr;
  }
  for (Finding& finding : found) {
    finding.hosts = {host.name};
    findings.push_back(std::move(finding));
  }
  return resolved;
}

Revision revision_of(std::vector<LayerText> files) {
  std::sort(files.begin(), files.end(), [](const LayerText& a, const LayerText& b) { return a.path < b.path; });
  std::string bytes;
  for (const LayerText& file : files) {
    bytes += fmt::format("{}:{}{}:{}", file.path.size(), file.path, file.content.size(), file.content);
  }
  return Revision(render(sha256_of(bytes)));
}

}  // namespace ondol::intent
