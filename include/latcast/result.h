// Result<T>: a value, or an Error that says what failed, where, and what to try.
//
// The one header that owns the error type, so that moving to std::expected is one edit.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace latcast {

/// What kind of failure; programs decide on it, people read `Error::context`.
enum class Errc : std::uint8_t {
  invalid_input,       ///< malformed or nonsensical input (file, option, table)
  not_found,           ///< a file, target or name that does not exist
  unsupported,         ///< valid, but outside what latcast handles
  engine_unavailable,  ///< no inference engine of that name can be used here
  engine_failure,      ///< the engine refused, crashed or hung
  unstable,            ///< measured, but not within the noise asked for
  mismatch,            ///< made for another device, engine or version
  io,                  ///< reading or writing failed (permissions, full disk, lock)
  corrupt,             ///< a file of ours that does not verify
  interrupted,         ///< stopped by the user
  budget,              ///< what was asked for cannot be had within the time or size that was given
};

/// Stable lower-case name of a code, as written into JSON.
[[nodiscard]] std::string_view to_string(Errc code) noexcept;

struct Error {
  Errc code = Errc::invalid_input;
  std::string context;
};

/// tl::expected 1.0 lacks [[nodiscard]]: wrapped once, here.
template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
};

[[nodiscard]] inline tl::unexpected<Error> fail(Errc code, std::string context) {
  return tl::unexpected<Error>(Error{code, std::move(context)});
}

/// Passes an error on with the place put before it: "PLACE: what".
[[nodiscard]] inline tl::unexpected<Error> fail_in(std::string_view place, Error error) {
  error.context = std::string(place) + ": " + error.context;
  return tl::unexpected<Error>(std::move(error));
}

}  // namespace latcast
