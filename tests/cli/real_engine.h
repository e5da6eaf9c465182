// Is there an inference engine on this machine to test with?
#pragma once

#include <string>

#include "engine/worker/worker.h"
#include "must.h"

namespace latcast::test {

/// Why tests on the real engine cannot run here, to skip with; empty where they can, and must then succeed.
inline std::string no_engine() {
  Worker worker("onnxruntime", {}, {});
  const auto info = must(worker.info());
  return info.available ? "" : info.problem;
}

}  // namespace latcast::test
