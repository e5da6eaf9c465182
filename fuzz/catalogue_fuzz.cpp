// A module type's TOML file: reading it and compiling its expressions.
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "catalogue/catalogue.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::vector<std::pair<std::string, std::string>> sources = {
      {"fuzz.toml", std::string(reinterpret_cast<const char*>(data), size)}};
  (void)latcast::Catalogue::from_sources(sources);
  return 0;
}
