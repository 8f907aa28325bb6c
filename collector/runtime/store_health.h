// Whether the disk takes writes, told by the writer and asked by everybody.
#pragma once

#include <string>

#include "collector/store/batched_writer.h"
#include "common/loop/guarded.h"

namespace ondol::collector {

// Thread: any.
class StoreHealth {
 public:
  void note_failed(const Error& error) {
    error_.with([&](std::string& text) { text = ondol::render(error); });
  }
  void note_stored() {
    error_.with([](std::string& text) { text.clear(); });
  }
  std::string error() {  // empty = healthy
    return error_.with([](std::string& text) { return text; });
  }

 private:
  Guarded<std::string> error_;
};

}  // namespace ondol::collector
