// A value or an Error. Library exceptions stop in the adapter that calls the library.
#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

#include "common/base/error.h"

namespace ondol {

template <typename T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(Errc code, std::string message, std::string where = {},
                                  std::string remedy = {}) {
  return tl::unexpected<Error>(Error{code, std::move(message), std::move(where), std::move(remedy)});
}

inline tl::unexpected<Error> fail(Error error) { return tl::unexpected<Error>(std::move(error)); }

}  // namespace ondol

// Returns the error of a Result<> expression from the calling function; the value is dropped.
#define ONDOL_TRY(expression)                                                        \
  do {                                                                               \
    auto ondol_try_result = (expression);                                            \
    if (!ondol_try_result) return ::ondol::fail(std::move(ondol_try_result.error())); \
  } while (false)
