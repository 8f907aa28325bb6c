#include "common/session/messages.h"

namespace ondol::session {

std::string_view to_string(ResourceType type) {
  switch (type) {
    case ResourceType::kRoutes: return "routes";
  }
  return "unknown";
}

}  // namespace ondol::session
