// What the library itself sees of a Network: its graph, and how operators are added to it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "graph/ir.h"
#include "latcast/network.h"

namespace latcast {

struct Network::Content {
  ir::Graph graph;
};

struct NetworkAccess {
  [[nodiscard]] static const ir::Graph& graph(const Network& network) { return network.content_->graph; }
  [[nodiscard]] static ir::Graph& graph(Network& network) { return network.content_->graph; }
  [[nodiscard]] static Network make(ir::Graph graph) {
    return Network(std::make_unique<Network::Content>(Network::Content{std::move(graph)}));
  }

  /// An operator whose outputs have no shape yet.
  static ir::NodeId add(Network& network, onnx::Operation&& operation, ir::Ids&& reads, std::size_t outputs);
  /// Gives them their shapes; where they do not fit, that is the network's error.
  static void infer(Network& network, ir::NodeId id);
};

/// The same network for another number of samples, where all inputs have as many now: constants that say so follow.
[[nodiscard]] Result<ir::Graph> with_batch(const ir::Graph& graph, std::int64_t batch);

/// The tensor is one of the graph's, and was not left behind when the graph was cut.
[[nodiscard]] bool has(const ir::Graph& graph, Tensor tensor);

/// What is wrong with the shape of an input or a weight, which `what` calls it; nothing: it can be.
[[nodiscard]] std::optional<std::string> dims_error(std::span<const std::int64_t> dims, std::string_view what);

/// An operator, for messages: by name, or else by number.
[[nodiscard]] std::string place_of(const ir::Graph& graph, ir::NodeId id);

/// A tensor, for messages.
[[nodiscard]] std::string place_of(const ir::Graph& graph, Tensor tensor);

}  // namespace latcast
