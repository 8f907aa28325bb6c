// Strong names for numbers and strings that must not be mixed up.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

namespace ondol {

template <typename Tag, typename T>
struct StrongId {
  T value{};

  StrongId() = default;
  explicit StrongId(T v) : value(std::move(v)) {}
  auto operator<=>(const StrongId&) const = default;
};

using HostId = StrongId<struct HostIdTag, std::string>;          // the record's name; see valid_host_name
using Revision = StrongId<struct RevisionTag, std::string>;      // hexadecimal SHA-256 of all layers
using Generation = StrongId<struct GenerationTag, std::uint64_t>;  // ever-growing per host; 0 = none
using SessionId = StrongId<struct SessionIdTag, std::string>;
using EventSequence = StrongId<struct EventSequenceTag, std::uint64_t>;  // per host, from 1
using DriftId = StrongId<struct DriftIdTag, std::uint64_t>;

// 1 to 63 of a-z 0-9 . _ -, first a letter or digit: safe in a file name, a URI and a certificate.
bool valid_host_name(const std::string& name);

}  // namespace ondol

template <typename Tag, typename T>
struct std::hash<ondol::StrongId<Tag, T>> {
  std::size_t operator()(const ondol::StrongId<Tag, T>& id) const { return std::hash<T>{}(id.value); }
};
