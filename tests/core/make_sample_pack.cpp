// Writes the sample pack of the tests to the path given.
#include <cstdio>

#include "core/sample_pack.h"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const auto ok = latcast::write_pack(latcast::test::sample_content(), argv[1]);
  if (!ok) std::fprintf(stderr, "%s\n", ok.error().context.c_str());
  return ok ? 0 : 1;
}
