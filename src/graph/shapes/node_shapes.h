// What a shape rule sees and fills: one node, its inputs' shapes (and values, where small and known), its outputs.
//
// Dimensions, attributes and values reach rules bounded by +-2^31, so that a product of two cannot overflow.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "graph/module_network.h"

namespace latcast::shapes {

using latcast::Dims;
using onnx::DataType;

inline constexpr std::int64_t kMaxDim = std::int64_t{1} << 31;

/// Dimensions a rule may compute with: each in [0, 2^31], at most 2^62 elements together.
[[nodiscard]] bool acceptable(std::span<const std::int64_t> dims);
/// Product; the caller has checked acceptable().
[[nodiscard]] std::int64_t product(std::span<const std::int64_t> dims);
/// Integer nearest to `value` within +-2^31.
[[nodiscard]] std::int64_t bounded(double value);
/// An axis in [0, rank), counting negative ones from the end.
[[nodiscard]] std::optional<std::size_t> normal_axis(std::int64_t axis, std::size_t rank);
[[nodiscard]] std::optional<Dims> broadcast(const Dims& a, const Dims& b);

class NodeShapes {
 public:
  /// Inputs: null where left out.
  using Inputs = InlineVector<const TensorInfo*, 6>;
  NodeShapes(const onnx::Operation& node, std::int64_t opset, Inputs inputs, std::size_t outputs);

  [[nodiscard]] const onnx::Operation& node() const { return *node_; }
  [[nodiscard]] std::int64_t opset() const { return opset_; }  // of the operator's own domain

  [[nodiscard]] std::size_t input_count() const { return inputs_.size(); }
  [[nodiscard]] bool has(std::size_t input) const { return input < inputs_.size() && inputs_[input] != nullptr; }
  [[nodiscard]] const TensorInfo& input(std::size_t index) const { return *inputs_[index]; }
  [[nodiscard]] const Dims& dims(std::size_t input) const { return inputs_[input]->dims; }
  [[nodiscard]] std::size_t rank(std::size_t input) const { return dims(input).size(); }
  [[nodiscard]] DataType type(std::size_t input = 0) const;
  /// Known integer values of an input.
  [[nodiscard]] std::optional<Dims> ints(std::size_t input) const;

  [[nodiscard]] bool has_attribute(std::string_view name) const { return node_->attribute(name) != nullptr; }
  [[nodiscard]] std::int64_t integer(std::string_view name, std::int64_t fallback) const;
  [[nodiscard]] Dims integers(std::string_view name) const;
  [[nodiscard]] std::string_view text(std::string_view name) const { return node_->text(name); }
  /// What older versions keep in an attribute and newer ones in an input; nullopt where in neither or not known.
  [[nodiscard]] std::optional<Dims> attribute_or_input(std::string_view name, std::size_t input) const;
  /// True where the list is given at all, known or not.
  [[nodiscard]] bool given(std::string_view name, std::size_t input) const { return has_attribute(name) || has(input); }
  /// An attribute that is an onnx data type.
  [[nodiscard]] DataType data_type(std::string_view name, DataType fallback) const;

  [[nodiscard]] std::vector<TensorInfo>& outputs() { return outputs_; }
  /// Sets an output's shape; one that the node does not have is ignored. False for dims that cannot be.
  bool give(std::size_t output, Dims dims, DataType type);
  bool give(Dims dims) { return give(0, std::move(dims), type()); }
  /// No engine runs the operator on such inputs; what a rule only does not know is no reason. False, for rules to give.
  bool refuse() { return impossible_ = true, false; }
  [[nodiscard]] bool impossible() const { return impossible_; }

 private:
  const onnx::Operation* node_;
  std::int64_t opset_;
  Inputs inputs_;
  std::vector<TensorInfo> outputs_;
  bool impossible_ = false;
};

/// Gives the outputs their shapes; false where it cannot tell.
using Rule = bool (*)(NodeShapes&);

struct RuleRow {
  std::string_view op;   // or several, with a blank between them
  std::size_t required;  // leading inputs that must be there
  Rule rule;
  std::string_view domain = {};
};

inline constexpr std::string_view kMicrosoft = "com.microsoft";
inline constexpr std::string_view kNchwc = "com.microsoft.nchwc";
inline constexpr std::string_view kInternalNhwc = "com.ms.internal.nhwc";

/// The rule for an operator, or null.
[[nodiscard]] const RuleRow* find_rule(std::string_view domain, std::string_view op);

// A table per family of operators.
[[nodiscard]] std::span<const RuleRow> elementwise_rules();
[[nodiscard]] std::span<const RuleRow> convolution_rules();
[[nodiscard]] std::span<const RuleRow> matmul_rules();
[[nodiscard]] std::span<const RuleRow> movement_rules();
[[nodiscard]] std::span<const RuleRow> indexing_rules();
[[nodiscard]] std::span<const RuleRow> reduction_rules();
[[nodiscard]] std::span<const RuleRow> recurrent_rules();
[[nodiscard]] std::span<const RuleRow> attention_rules();
[[nodiscard]] std::span<const RuleRow> resampling_rules();
[[nodiscard]] std::span<const RuleRow> quantization_rules();

/// Output = input 0, same type: shared by several families.
bool same_as_first(NodeShapes& n);
bool matrix_product(NodeShapes& n, std::size_t a, std::size_t b, DataType type);

/// Computes the elements of small outputs from known inputs (shape arithmetic), after the rule has run.
void propagate_values(NodeShapes& n);

}  // namespace latcast::shapes
