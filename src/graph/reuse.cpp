#include "graph/reuse.h"

#include <algorithm>
#include <numeric>

#include "graph/nominal_clock.h"

namespace latcast {
namespace {

/// Bytes by the time of their last touch, to be summed from a time on: a Fenwick tree.
class TouchedBytes {
 public:
  explicit TouchedBytes(std::size_t times) : sums_(times + 1, 0.0) {}

  void add(std::size_t time, double bytes) {
    total_ += bytes;
    for (std::size_t at = time + 1; at < sums_.size(); at += at & -at) sums_[at] += bytes;
  }
  /// Touched later than `time`.
  [[nodiscard]] double since(std::size_t time) const {
    double before = 0;
    for (std::size_t at = time + 1; at > 0; at -= at & -at) before += sums_[at];
    return std::max(total_ - before, 0.0);
  }

 private:
  std::vector<double> sums_;
  double total_ = 0;
};

/// By value: whose memory it has; its own but for views.
std::vector<ir::ValueId> memories(const ir::Graph& graph, std::span<const ir::NodeId> order) {
  std::vector<ir::ValueId> memory(graph.values());
  std::iota(memory.begin(), memory.end(), ir::ValueId{0});
  for (const ir::NodeId id : order) {
    const ir::Node& node = graph.node(id);
    if (is_view(node) && node.input(0) != ir::kNothing && !node.outputs.empty())
      memory[node.outputs[0]] = memory[node.inputs[0]];
  }
  return memory;
}

/// Most bytes of activations alive at once: engines hand on the memory of those that nobody reads any more, so however
/// many are touched, no more than these are.
double peak_activations(const ir::Graph& graph, std::span<const ir::NodeId> order,
                        const std::vector<ir::ValueId>& memory) {
  std::vector<std::size_t> last(graph.values(), 0);  // by value: where it is read for the last time
  for (std::size_t place = 0; place < order.size(); ++place)
    for (const ir::ValueId input : graph.node(order[place]).inputs)
      if (input != ir::kNothing) last[memory[input]] = place;
  std::vector<double> ends(order.size(), 0.0);
  double live = 0, most = 0;
  for (ir::ValueId id = 0; id < graph.values(); ++id)
    if (graph.value(id).input && !graph.value(id).info.constant) live += graph.value(id).info.bytes();
  for (std::size_t place = 0; place < order.size(); ++place) {
    for (const ir::ValueId output : graph.node(order[place]).outputs) {
      if (output == ir::kNothing || memory[output] != output) continue;
      live += graph.value(output).info.bytes();
      ends[std::max(last[output], place)] += graph.value(output).info.bytes();
    }
    most = std::max(most, live);
    live -= ends[place];
  }
  return most;
}

/// Stack distances: how many different bytes were touched since a tensor was. And the time since.
class Walker {
 public:
  Walker(const ir::Graph& graph, std::span<const ir::NodeId> order)
      : graph_(graph),
        memory_(memories(graph, order)),
        most_(peak_activations(graph, order, memory_)),
        durations_(nominal_durations(graph, order)),
        weights_(2 * order.size()),
        activations_(2 * order.size()),
        touched_(graph.values(), kNever),
        touched_ns_(graph.values(), 0.0) {}

  /// One run through the graph; `note` gets what was since every node's inputs were touched, one after the other.
  template <class Note>
  void run(std::span<const ir::NodeId> order, const Note& note) {
    for (std::size_t place = 0; place < order.size(); ++place, ++now_) {
      const ir::Node& node = graph_.node(order[place]);
      for (const ir::ValueId input : node.inputs) note(since(input));
      if (!is_view(node)) {
        for (const auto* ids : {&node.inputs, &node.outputs})
          for (const ir::ValueId value : *ids)
            if (value != ir::kNothing) touch(memory_[value]);
      }
      clock_ns_ += durations_[place];
    }
  }

 private:
  static constexpr std::size_t kNever = static_cast<std::size_t>(-1);

  void touch(ir::ValueId value) {
    if (touched_[value] == now_) return;
    const double bytes = graph_.value(value).info.bytes();
    TouchedBytes& sums = graph_.value(value).info.constant ? weights_ : activations_;
    if (touched_[value] != kNever) sums.add(touched_[value], -bytes);
    sums.add(now_, bytes);
    touched_[value] = now_;
    touched_ns_[value] = clock_ns_;
  }
  [[nodiscard]] Reuse since(ir::ValueId value) const {
    if (value == ir::kNothing || touched_[memory_[value]] == kNever) return {};
    const std::size_t then = touched_[memory_[value]];
    return {.bytes = weights_.since(then) + std::min(activations_.since(then), most_),
            .idle_ns = clock_ns_ - touched_ns_[memory_[value]]};
  }

  const ir::Graph& graph_;
  std::vector<ir::ValueId> memory_;
  double most_;                    // bytes of activations that can be touched
  std::vector<double> durations_;  // by place, nanoseconds
  TouchedBytes weights_, activations_;
  std::vector<std::size_t> touched_;  // by memory: nodes executed before its last touch
  std::vector<double> touched_ns_;    // by memory: when that node began
  std::size_t now_ = 0;
  double clock_ns_ = 0;
};

}  // namespace

Reuses::Reuses(const ir::Graph& graph, std::span<const ir::NodeId> order) {
  first_.reserve(order.size() + 1);
  std::size_t inputs = 0;
  for (const ir::NodeId id : order) {
    first_.push_back(inputs);
    inputs += graph.node(id).inputs.size();
  }
  first_.push_back(inputs);
  reuses_.reserve(inputs);
  Walker walker(graph, order);
  walker.run(order, [](const Reuse&) {});  // the second run knows where weights were last touched
  walker.run(order, [&](const Reuse& reuse) { reuses_.push_back(reuse); });
}

}  // namespace latcast
