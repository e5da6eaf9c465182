// Writes an ONNX model operator by operator: generated networks, probes of rules. Shapes and types are what the rules
// of graph/shapes tell; an operator that does not fit is a mistake of the caller and throws std::logic_error naming it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "graph/link.h"
#include "graph/onnx_model.h"
#include "graph/tensor_info.h"

namespace latcast::onnx {

/// A tensor of the model; the default one is an input left out.
struct Value : TensorInfo {
  std::string name;
  [[nodiscard]] int rank() const { return static_cast<int>(dims.size()); }
  /// axis may be negative (from the end).
  [[nodiscard]] std::int64_t dim(int axis) const;
};

/// Values that nobody reads become the graph's outputs.
class ModelBuilder {
 public:
  explicit ModelBuilder(int opset) : opset_(opset) {}
  [[nodiscard]] int opset() const { return opset_; }

  Value input(const Dims& dims, DataType type = DataType::float32);
  /// Weights are Fills: nothing is allocated.
  Value weight(const Dims& dims, float deviation);
  Value filled(const Dims& dims, float value);
  Value floats(std::vector<double> values, const Dims& dims);
  Value scalar(double value) { return floats({value}, {}); }
  Value int_tensor(const Dims& values, const Dims& dims, DataType type = DataType::int64);
  Value ints(const Dims& values) { return int_tensor(values, {static_cast<std::int64_t>(values.size())}); }
  Value int_scalar(std::int64_t value) { return int_tensor({value}, {}); }

  Value node(std::string_view op, std::vector<Value> inputs, std::vector<Attribute> attributes = {});
  std::vector<Value> nodes(std::string_view op, std::vector<Value> inputs, std::vector<Attribute> attributes,
                           std::size_t outputs);
  /// Of shapes and types that only the engine knows.
  void open_node(std::string_view op, std::string_view domain, std::vector<Value> inputs,
                 std::vector<Attribute> attributes, std::size_t outputs);
  /// A value may stay unread without becoming an output.
  void ignore(const Value& x) { read_.insert(x.name); }

  /// No operators so far.
  [[nodiscard]] bool empty() const { return made_.empty(); }
  [[nodiscard]] Model finish(std::string name);

 protected:
  struct Made {
    Operation operation;
    std::vector<Value> inputs, outputs;
  };
  [[nodiscard]] const std::vector<Made>& made() const { return made_; }
  [[nodiscard]] const std::vector<Tensor>& constants() const { return graph_.initializers; }

 private:
  Value constant(DataType type, const Dims& dims, Fill fill, std::vector<double> floats,
                 std::vector<std::int64_t> ints);
  Made& add(std::string_view op, std::string_view domain, std::vector<Value> inputs, std::vector<Attribute> attributes);

  int opset_;
  Graph graph_;  // all but its nodes and outputs
  std::vector<Made> made_;
  std::set<std::string> read_;
};

[[nodiscard]] TensorInfos infos_of(const std::vector<Value>& values);

}  // namespace latcast::onnx
