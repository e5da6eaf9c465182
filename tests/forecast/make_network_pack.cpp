// Writes the made-up pack of networks, for examples.
#include <fstream>

#include "forecast/made_up_models.h"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const auto bytes = latcast::pack_bytes(latcast::bench::network_pack_content());
  std::ofstream out(argv[1], std::ios::binary);
  out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  return out ? 0 : 1;
}
