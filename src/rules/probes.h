// Small graphs that show what an optimizer does: one for each rewriting. A new version of an engine is checked by
// comparing what it makes of them with what the rules make of them.
#pragma once

#include <string>
#include <vector>

#include "graph/onnx_model.h"

namespace latcast::rules {

struct Probe {
  std::string name;  // of the rule, and what is special
  onnx::Model model;
};

[[nodiscard]] std::vector<Probe> onnxruntime_probes();

}  // namespace latcast::rules
