// A pack: decoding, and a forecast with each of its module types. The checksum is made right, so that the decoder
// itself must find what is wrong.
#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/pack_seal.h"
#include "latcast/pack.h"
#include "latcast/predictor.h"

using namespace latcast;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kSeal = 24;
  std::vector<std::uint8_t> bytes(data, data + (size > kSeal ? size - kSeal : 0));
  detail::seal(bytes);
  const auto pack = Pack::from_bytes(bytes);
  if (!pack) return 0;
  const Predictor predictor(*pack, 0);
  for (std::uint32_t type = 0; type < pack->type_count(); ++type) {
    for (const double value : {0.0, 1.0, 37.0, 1e9}) {
      const std::vector<double> parameters(pack->parameter_names(type).size(), value);
      (void)predictor.forecast_module({.type = type, .parameters = parameters});
    }
  }
  return 0;
}
