#include "latcast/result.h"

namespace latcast {

std::string_view to_string(Errc code) noexcept {
  switch (code) {
    case Errc::invalid_input:
      return "invalid_input";
    case Errc::not_found:
      return "not_found";
    case Errc::unsupported:
      return "unsupported";
    case Errc::engine_unavailable:
      return "engine_unavailable";
    case Errc::engine_failure:
      return "engine_failure";
    case Errc::unstable:
      return "unstable";
    case Errc::mismatch:
      return "mismatch";
    case Errc::io:
      return "io";
    case Errc::corrupt:
      return "corrupt";
    case Errc::interrupted:
      return "interrupted";
    case Errc::budget:
      return "budget";
  }
  return "unknown";
}

}  // namespace latcast
