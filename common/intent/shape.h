// What layer files may hold, as data. The parsers take keys, words and bounds from here, and editors get the
// same as a JSON schema: it is said once.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "common/intent/words.h"
#include "common/resources/routes/intent.h"

namespace ondol::intent {

enum class ShapeKind : std::uint8_t {
  kText,     // `least` to `most` bytes
  kWord,     // one of `words`
  kInteger,  // `least` to `most`
  kBool,
  kDuration,  // 90s, 5m, 1h; `least` to `most` milliseconds
  kAddress,
  kPrefix,
  kDestination,  // a prefix, or the word default
  kInterface,
  kGlob,       // at most `most` bytes
  kTable,      // main, or a number
  kProtocol,   // of routes: a number or a name
  kEndpoint,   // ADDRESS:PORT
  kMapping,    // of `keys`, in one of `forms` when there are any
  kList,       // `least` to `most` mappings of `keys`
  kVariables,  // at most `most` names and single values
};

// A key that, when it is written, has one of these words.
struct OnlyWords {
  std::string_view key;
  std::vector<std::string_view> words;
};

// One way to write a mapping.
struct Form {
  std::string_view help;
  std::vector<std::string_view> needed;      // all of them,
  std::vector<std::string_view> needed_any;  // and one of these when there are any
  std::vector<std::string_view> allowed;     // no others
  std::vector<OnlyWords> only{};
};

struct KeyShape {
  std::string_view name, help;
  ShapeKind kind = ShapeKind::kText;
  bool takes_null = false;       // `~`
  bool takes_templates = false;  // {{ NAME }}, in it or below
  std::int64_t least = 0, most = 0;
  std::vector<std::string_view> words{};
  std::vector<KeyShape> keys{};
  std::vector<Form> forms{};

  const KeyShape& at(std::string_view key) const;  // aborts: a key of the code, not of a file
  std::vector<std::string_view> names() const;
};

const KeyShape& layer_shape();  // the whole file
const KeyShape& route_shape();  // an entry of routes.list
const KeyShape& nexthop_shape();
const KeyShape& ignore_shape();  // an entry of routes.ignore
const KeyShape& probe_shape();   // an entry of probes
const Form& removal_form();      // of a route
const Form& nowhere_form();      // of a route that forwards nowhere
const Form& several_nexthops_form();

inline constexpr Word<routes::Unlisted> kUnlistedWords[] = {{"report", routes::Unlisted::kReport},
                                                            {"ignore", routes::Unlisted::kIgnore},
                                                            {"remove", routes::Unlisted::kRemove}};
inline constexpr Word<routes::OnConflict> kConflictWords[] = {{"report", routes::OnConflict::kReport},
                                                              {"take_over", routes::OnConflict::kTakeOver}};
inline constexpr Word<Mode> kModeWords[] = {{"report", Mode::kReport}, {"enforce", Mode::kEnforce}};
inline constexpr Word<routes::RouteType> kRouteTypeWords[] = {
    {"unicast", routes::RouteType::kUnicast},
    {"blackhole", routes::RouteType::kBlackhole},
    {"unreachable", routes::RouteType::kUnreachable},
    {"prohibit", routes::RouteType::kProhibit}};
inline constexpr std::uint8_t kScopeLink = 253;  // linux/rtnetlink.h RT_SCOPE_LINK
inline constexpr Word<std::uint8_t> kScopeWords[] = {
    {"global", 0}, {"site", 200}, {"link", kScopeLink}, {"host", 254}};
inline constexpr std::uint32_t kTableLocal = 255;  // the kernel's own
inline constexpr std::string_view kPresetNames[] = {"calico", "cilium", "flannel", "docker", "kube"};

}  // namespace ondol::intent
