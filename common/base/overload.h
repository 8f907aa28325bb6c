// One lambda per alternative for std::visit.
#pragma once

namespace ondol {

template <typename... Ts>
struct Overload : Ts... {
  using Ts::operator()...;
};
template <typename... Ts>
Overload(Ts...) -> Overload<Ts...>;

}  // namespace ondol
