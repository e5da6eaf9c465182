// A Network that becomes an ONNX model, with weights to fill in: generated networks, probes of rules. An operator that
// does not fit is a mistake of the caller and throws std::logic_error naming it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "graph/network_access.h"
#include "graph/onnx_model.h"
#include "graph/tensor_info.h"

namespace latcast::onnx {

/// A tensor of the model; the default one is an input left out.
struct Value : TensorInfo {
  latcast::Tensor tensor;
  [[nodiscard]] bool none() const { return tensor == latcast::Tensor(); }
  [[nodiscard]] int rank() const { return static_cast<int>(dims.size()); }
  /// axis may be negative (from the end).
  [[nodiscard]] std::int64_t dim(int axis) const;
};

/// Values that nobody reads become the graph's outputs.
class ModelBuilder {
 public:
  explicit ModelBuilder(int opset) : network_(opset) {}
  [[nodiscard]] int opset() const { return static_cast<int>(graph().opset()); }

  Value input(const Dims& dims, DataType type = DataType::float32);
  /// Weights are Fills: nothing is allocated.
  Value weight(const Dims& dims, float deviation);
  Value filled(const Dims& dims, float value);
  Value floats(std::vector<double> values, const Dims& dims);
  Value scalar(double value) { return floats({value}, {}); }
  Value int_tensor(const Dims& values, const Dims& dims, DataType type = DataType::int64);
  Value ints(const Dims& values) { return int_tensor(values, {static_cast<std::int64_t>(values.size())}); }
  Value int_scalar(std::int64_t value) { return int_tensor({value}, {}); }

  Value node(std::string_view op, const std::vector<Value>& inputs, std::vector<Attribute> attributes = {});
  std::vector<Value> nodes(std::string_view op, const std::vector<Value>& inputs, std::vector<Attribute> attributes,
                           std::size_t outputs);
  /// Of shapes and types that only the engine knows.
  void open_node(std::string_view op, std::string_view domain, const std::vector<Value>& inputs,
                 std::vector<Attribute> attributes, std::size_t outputs);
  /// A value may stay unread without becoming an output.
  void ignore(const Value& x) { ignored_.insert(x.tensor.id); }

  /// No operators so far.
  [[nodiscard]] bool empty() const { return graph().nodes() == 0; }
  [[nodiscard]] Model finish(std::string name) const;

 protected:
  [[nodiscard]] const ir::Graph& graph() const { return NetworkAccess::graph(network_); }

 private:
  Value constant(TensorInfo info, Fill fill);
  [[nodiscard]] Value value(ir::ValueId id) const { return {graph().info(id), {id}}; }
  ir::NodeId add(std::string_view op, std::string_view domain, const std::vector<Value>& inputs,
                 std::vector<Attribute> attributes, std::size_t outputs);
  /// Lists inputs and constants; what they and all other values are called.
  [[nodiscard]] std::vector<std::string> write_values(Graph& out) const;

  Network network_;
  std::vector<Fill> fills_;  // by constant
  std::set<ir::ValueId> ignored_;
};

}  // namespace latcast::onnx
