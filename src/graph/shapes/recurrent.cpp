// LSTM, GRU, RNN.
#include "graph/shapes/node_shapes.h"

namespace latcast::shapes {
namespace {

/// Outputs: all hidden states, the last one, the last cell state.
bool recurrent(NodeShapes& n) {
  const Dims& x = n.dims(0);
  const Dims& recurrence = n.dims(2);
  if (x.size() != 3 || recurrence.size() != 3) return false;
  const std::int64_t directions = recurrence[0];
  const std::int64_t hidden = n.integer("hidden_size", recurrence[2]);
  const bool batch_first = n.integer("layout", 0) != 0;
  const Dims all = batch_first ? Dims{x[0], x[1], directions, hidden} : Dims{x[0], directions, x[1], hidden};
  const Dims last = batch_first ? Dims{x[0], directions, hidden} : Dims{directions, x[1], hidden};
  return n.give(all) && n.give(1, last, n.type()) && n.give(2, last, n.type());
}

/// Weights are transposed there: [directions, input, gates * hidden].
bool quantized_lstm(NodeShapes& n) { return n.has_attribute("hidden_size") && recurrent(n); }

constexpr RuleRow kRules[] = {
    {"LSTM GRU RNN", 3, recurrent},
    {"DynamicQuantizeLSTM", 3, quantized_lstm, kMicrosoft},
};

}  // namespace

std::span<const RuleRow> recurrent_rules() { return kRules; }

}  // namespace latcast::shapes
