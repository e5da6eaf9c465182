// Which values of a graph are in the blocked layout, and how nodes enter it and leave it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "rules/rule.h"

namespace latcast::rules::onnxruntime {

/// What became of a value that is blocked now.
struct Blocked {
  NodeId maker = kNothing;  // the node that makes the blocked value
  ValueId value = kNothing;
  std::size_t uses = 0, uses_left = 0;  // of the plain value: all, and those that have not been replaced
  std::int64_t channels = 0;
};

class BlockedLayout {
 public:
  BlockedLayout(Graph& among, const EngineTarget& target);

  Graph& graph;
  const int version;         // EngineTarget::version
  const std::int64_t block;  // channels in a group

  [[nodiscard]] const TensorInfo& info(ValueId id) const { return graph.info(id); }
  [[nodiscard]] std::int64_t padded(std::int64_t channels) const { return (channels + block - 1) / block * block; }
  /// The plain shape with its channels padded.
  [[nodiscard]] TensorInfo padded_info(const TensorInfo& plain) const;

  /// By the plain value; null: it is not blocked.
  [[nodiscard]] Blocked* blocked(ValueId id) { return blocked_[id].maker == kNothing ? nullptr : &blocked_[id]; }
  /// Every input that a node makes is made in the blocked layout now.
  [[nodiscard]] bool only_blocked_inputs(const Node& node) const;

  /// `maker` gives a new blocked value in place of `plain`, which nobody makes from now on.
  void create(NodeId maker, std::size_t output, ValueId plain, std::int64_t channels);
  /// `plain` is what `maker` gives as `value` already.
  void made_by(ValueId plain, NodeId maker, ValueId value, std::int64_t channels);
  void made_by(ValueId plain, const Blocked& from) { made_by(plain, from.maker, from.value, from.channels); }
  /// A blocked node in the place of a plain one.
  NodeId replace(NodeId id, std::string_view op, Ids inputs, std::int64_t channels);
  void changed() { ++changes_; }

  /// The blocked value of an input; reordered where there is none yet.
  ValueId blocked_input(ValueId plain);
  ValueId filter(ValueId plain, std::int64_t channels_out, std::int64_t channels_in);
  ValueId bias(ValueId plain, std::int64_t channels);

  /// Whoever still needs plain values gets them reordered.
  void reorder_outputs();
  [[nodiscard]] std::size_t changes() const { return changes_; }

 private:
  void reorder_from_nhwc(ValueId plain, ValueId result);

  // By the plain value, of those that were there before; kNothing: there is none.
  std::vector<Blocked> blocked_;
  std::vector<ValueId> reordered_, filters_, biases_;
  std::vector<NodeId> transposes_;
  std::size_t changes_ = 0;
};

}  // namespace latcast::rules::onnxruntime
