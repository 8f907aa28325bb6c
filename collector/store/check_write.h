// What every engine refuses alike, before it writes anything.
#pragma once

#include "collector/store/store.h"

namespace ondol::store {

inline constexpr std::uint64_t kMaxNumber = 0x7fff'ffff'ffff'ffff;  // SQL integers are signed

// kInvalidInput: a generation, sequence or drift id beyond kMaxNumber, events that do not ascend or name another host.
Result<void> check_write(const Write& write);

// Error::where of a refused write: "write 3" is batch[3].
std::string position_in_batch(std::size_t index);

}  // namespace ondol::store
