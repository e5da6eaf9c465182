// From the bytes of a ModelProto to plain values, with checks of single messages. What spans messages (who produces
// which tensor) is the reader's.
#pragma once

#include <string>
#include <vector>

#include "graph/functions.h"
#include "graph/onnx_model.h"
#include "graph/wire.h"

namespace latcast::onnx {

struct ParsedModel {
  Model model;
  bool has_graph = false;
  std::vector<Function> functions;
};

/// Parses what it can; `failure` says whether it can be used.
[[nodiscard]] ParsedModel parse_model(std::string_view bytes, wire::Failure& failure);

/// Attributes of operators, as messages of any file; `depth`: in how many graphs inside of others.
[[nodiscard]] Attribute read_attribute(const wire::Field& message, wire::Failure& failure, int depth = 0);
void write_attribute(wire::Writer& out, const Attribute& attribute, Weights weights);

}  // namespace latcast::onnx
