// Functions that a file defines for itself, written out where they are called: engines do so before they optimize.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "graph/onnx_model.h"

namespace latcast::onnx {

struct Function {
  std::string domain, name, overload;
  std::vector<std::string> inputs, outputs;
  std::vector<Attribute> defaults;  // of attributes that a caller may leave out
  std::vector<Node> nodes;
  std::map<std::string, std::int64_t> opsets;
};

/// Replaces calls, in graphs inside of nodes too. The nodes of a call are named after it: CALL/NODE. Operator sets that
/// only functions use become the model's. Errc::unsupported: functions that call themselves, or that write out too
/// many nodes.
[[nodiscard]] Result<void> write_out_functions(Model& model, const std::vector<Function>& functions);

}  // namespace latcast::onnx
