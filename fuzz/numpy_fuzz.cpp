// What stands behind the magic of a .npy file.
#include <cstddef>
#include <cstdint>
#include <string>

#include "measure/given_inputs.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text = "\x93NUMPY" + std::string(reinterpret_cast<const char*>(data), size);
  (void)latcast::read_numpy(text);
  return 0;
}
