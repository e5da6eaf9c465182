// latcast-worker: 'latcast worker' alone, for machines that only measure. It needs the C library and an engine.
#include "engine/worker/worker.h"

int main() {
  latcast::serve_standard_streams();
  return 0;
}
