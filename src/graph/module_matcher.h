// Which module type a node is of, and its parameters.
#pragma once

#include <optional>
#include <vector>

#include "graph/node_reads.h"

namespace latcast {

/// Immutable and thread-safe; refers to its catalogue.
class ModuleMatcher {
 public:
  explicit ModuleMatcher(const Catalogue& catalogue);

  /// Serves one node after the other.
  struct Memory {
    std::vector<double> values;  // of a type's reads
    std::vector<char> read;      // those that are there
  };
  /// The first covering type whose condition holds; where none does, why.
  void match(const NodeView& view, Module& module, Memory& memory) const;

 private:
  Result<double> run(const Program& program, const NodeView& view, std::size_t type, Memory& memory) const;
  Result<void> read_parameters(const NodeView& view, std::size_t type, Memory& memory, std::vector<double>& out) const;

  /// The element type that a catalogue type does not hold for; none: it holds.
  [[nodiscard]] std::optional<onnx::DataType> foreign_type(const NodeView& view, std::size_t type) const;

  const Catalogue* catalogue_;
  std::vector<std::uint32_t> element_types_;           // by type: a bit for each element type that it holds for
  std::vector<std::vector<const views::Row*>> views_;  // by type and read; null: the read is none
};

}  // namespace latcast
